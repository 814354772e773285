// Puts the vocabulary of a description together from tokens that come with their ids, in any order.
// Private to evaluator/.
#ifndef STRATA_EVALUATOR_VOCABULARY_BUILDER_H_
#define STRATA_EVALUATOR_VOCABULARY_BUILDER_H_

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "evaluator/tokenizer/piece_encoder.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Fills tokens, merges, added_tokens and types of a description that outlives it. Errors are
// InvalidArgument and name the source.
class VocabularyBuilder {
 public:
  explicit VocabularyBuilder(TokenizerDescription& description) : description_(description) {}

  TokenizerDescription& description() { return description_; }
  const std::string& source() const { return description_.source; }
  size_t merges() const { return description_.merges.size(); }

  // Announces so many more tokens. Ids must lie below all that were announced and 65,536 more for
  // gaps, so that memory is bounded by the file.
  void Expect(size_t tokens) { expected_tokens_ += tokens; }

  // An id is that of one token, and a token has one id. An empty token stands for no text.
  absl::Status Add(std::string_view token, int64_t id);

  // The id of `token` is the vocabulary's where it has it, and must be `id`; otherwise it is new.
  // A token that is added already is left as it is.
  absl::Status AddAddedToken(AddedToken token, int64_t id);

  // "left right", or both; tokens that together are a token.
  absl::Status AddMerge(std::string_view text);
  absl::Status AddMerge(std::string_view left, std::string_view right);

  std::optional<int32_t> Find(std::string_view token) const;

  // Gives every token its type. Called last.
  void Finish();

 private:
  TokenizerDescription& description_;
  IdByText ids_;
  std::unordered_set<int32_t> added_;
  size_t expected_tokens_ = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_VOCABULARY_BUILDER_H_

// Builds the vocabulary of a description from tokens that come with their ids, in any order.
// Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_VOCABULARY_BUILDER_H_
#define STRATA_EVALUATOR_TOKENIZER_VOCABULARY_BUILDER_H_

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "evaluator/tokenizer/piece_encoder.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Fills tokens, merges, added_tokens and types of a description, which must outlive it. Errors are
// InvalidArgument and name the source.
class VocabularyBuilder {
 public:
  explicit VocabularyBuilder(TokenizerDescription& description) : description_(description) {}

  TokenizerDescription& description() { return description_; }
  const std::string& source() const { return description_.source; }
  size_t merges() const { return description_.merges.size(); }

  // Announces that many more tokens. Ids must be below the number announced so far plus 65,536 for
  // gaps, so that memory is bounded by the file.
  void Expect(size_t tokens) { expected_tokens_ += tokens; }

  // Adds a token. An id belongs to one token, and a token has one id. An empty token stands for no
  // text.
  absl::Status Add(std::string_view token, int64_t id);

  // Adds an added token. If the vocabulary has its text, `id` must be the id there; otherwise the
  // token is new. A token that was added before is left as it is.
  absl::Status AddAddedToken(AddedToken token, int64_t id);

  // Adds a merge, given as "left right" or as both parts. The parts must be tokens that together
  // are a token.
  absl::Status AddMerge(std::string_view text);
  absl::Status AddMerge(std::string_view left, std::string_view right);

  std::optional<int32_t> Find(std::string_view token) const;

  // Gives every token its type. Must be called last.
  void Finish();

 private:
  TokenizerDescription& description_;
  IdByText ids_;
  std::unordered_set<int32_t> added_;
  size_t expected_tokens_ = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_VOCABULARY_BUILDER_H_

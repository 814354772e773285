// Cuts text into the pieces that byte-level vocabularies merge within. Private to evaluator/.
#ifndef STRATA_EVALUATOR_PRE_TOKENIZER_H_
#define STRATA_EVALUATOR_PRE_TOKENIZER_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "evaluator/pattern.h"

namespace strata::evaluator {

// Immutable; may be used from several threads.
class PreTokenizer {
 public:
  // `name` is the value of tokenizer.ggml.pre. Unimplemented lists the names that are known.
  static absl::StatusOr<PreTokenizer> Create(const std::string& name);

  // Pieces of `text` in order, which together are all of it. Bytes that are not well-formed UTF-8
  // are pieces of one byte, and end the context that the pieces beside them see.
  std::vector<std::string_view> Split(std::string_view text) const;

  // A piece that is a token as it stands is that token, whatever its merges would give.
  bool ignores_merges() const { return ignores_merges_; }
  // Whether models of this kind were trained with a begin token, where the file does not say.
  bool begins_by_default() const { return begins_by_default_; }

 private:
  PreTokenizer(Pattern pattern, bool ignores_merges, bool begins_by_default)
      : pattern_(std::move(pattern)),
        ignores_merges_(ignores_merges),
        begins_by_default_(begins_by_default) {}

  Pattern pattern_;
  bool ignores_merges_;
  bool begins_by_default_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRE_TOKENIZER_H_

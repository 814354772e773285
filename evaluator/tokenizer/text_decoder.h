// From the texts of tokens to one text. Private to evaluator/.
#ifndef STRATA_EVALUATOR_TEXT_DECODER_H_
#define STRATA_EVALUATOR_TEXT_DECODER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/tokenizer/byte_alphabet.h"
#include "evaluator/tokenizer/text_pattern.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Immutable; may be used from several threads.
class TextDecoder {
 public:
  struct Token {
    std::string text;
    bool is_added = false;  // stands for its own text, whatever alphabet the others are in
  };

  // Unimplemented or InvalidArgument for an expression that is not supported.
  static absl::StatusOr<TextDecoder> Create(const std::vector<DecoderStep>& steps);

  // Bytes that are not UTF-8 stay what they are.
  std::string Decode(std::vector<Token> tokens) const;

 private:
  struct Step {
    DecoderStep description;
    std::vector<PatternMatcher> pattern;  // one, of a replacement
  };
  TextDecoder() = default;
  void Apply(const Step& step, bool is_first, Token& token) const;

  std::vector<Step> steps_;
  ByteAlphabet alphabet_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TEXT_DECODER_H_

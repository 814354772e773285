// Turns the texts of tokens into one text. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_TEXT_DECODER_H_
#define STRATA_EVALUATOR_TOKENIZER_TEXT_DECODER_H_

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
    bool is_added = false;  // stands for its own text, whatever alphabet other tokens use
  };

  // Errors: Unimplemented or InvalidArgument for an unsupported expression.
  static absl::StatusOr<TextDecoder> Create(const std::vector<DecoderStep>& steps);

  // Returns the text of `tokens`. Bytes that are not UTF-8 stay as they are.
  std::string Decode(std::vector<Token> tokens) const;

 private:
  struct Step {
    DecoderStep description;
    std::vector<PatternMatcher> pattern;  // one for a replacement, otherwise none
  };
  TextDecoder() = default;
  void Apply(const Step& step, bool is_first, Token& token) const;

  std::vector<Step> steps_;
  ByteAlphabet alphabet_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TEXT_DECODER_H_

// Functions for UTF-8 text that may be malformed.
#ifndef STRATA_EVALUATOR_TEXT_UTF8_H_
#define STRATA_EVALUATOR_TEXT_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace strata::evaluator {

// Number of bytes of the well-formed character (Unicode 15, table 3-7) that `text` starts with; 0
// if it starts with none.
size_t CharacterBytes(std::string_view text);

// Number of bytes of the longest well-formed prefix of `text`.
size_t WellFormedBytes(std::string_view text);

// Calls take(stretch) for every longest well-formed stretch of `text` and take_byte(byte) for every
// byte between stretches, in order.
template <typename Take, typename TakeByte>
void ForEachStretch(std::string_view text, const Take& take, const TakeByte& take_byte) {
  while (!text.empty()) {
    const std::string_view stretch = text.substr(0, WellFormedBytes(text));
    if (!stretch.empty()) take(stretch);
    text.remove_prefix(stretch.size());
    while (!text.empty() && CharacterBytes(text) == 0) {
      take_byte(text.substr(0, 1));
      text.remove_prefix(1);
    }
  }
}

// Appends a character. `code` is a code point of at most 0x10FFFF and not a surrogate.
void AppendCharacter(uint32_t code, std::string& text);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TEXT_UTF8_H_

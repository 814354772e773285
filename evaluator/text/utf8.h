// Characters of UTF-8 text that may be malformed. Private to evaluator/.
#ifndef STRATA_EVALUATOR_UTF8_H_
#define STRATA_EVALUATOR_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace strata::evaluator {

// Bytes of the well-formed character (Unicode 15, table 3-7) that `text` starts with; 0 if it
// starts with none.
size_t CharacterBytes(std::string_view text);

// Bytes of the longest prefix that is well-formed.
size_t WellFormedBytes(std::string_view text);

// Calls take(stretch) for every longest stretch of `text` that is well-formed, and take_byte(byte)
// for every byte between, in order.
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

// `code` is a code point, no surrogate, at most 0x10FFFF.
void AppendCharacter(uint32_t code, std::string& text);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_UTF8_H_

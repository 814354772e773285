#include "evaluator/tokenizer/word_boundaries.h"

#include <algorithm>

#include "evaluator/text/unicode.h"
#include "evaluator/text/utf8.h"

namespace strata::evaluator {
namespace {

constexpr size_t kBits = size_t{1} << 21;

// Removes the first character and returns its code point. A malformed byte gives a number beyond
// all code points.
uint32_t TakeFirst(std::string_view& text) {
  const size_t bytes = CharacterBytes(text);
  const uint32_t code =
      bytes == 0 ? 0x110000u + static_cast<unsigned char>(text[0]) : CodePoint(text, bytes);
  text.remove_prefix(std::max<size_t>(bytes, 1));
  return code;
}

}  // namespace

WordBoundaries::WordBoundaries() : bits_(kBits / 64) {}

void WordBoundaries::AddToken(std::string_view token) {
  if (token.empty()) return;
  uint32_t left = TakeFirst(token);
  while (!token.empty()) {
    const uint32_t right = TakeFirst(token);
    const size_t bit = Bit(left, right);
    bits_[bit / 64] |= uint64_t{1} << bit % 64;
    left = right;
  }
}

size_t WordBoundaries::WordBytes(std::string_view text) const {
  const size_t size = text.size();
  uint32_t left = TakeFirst(text);
  while (!text.empty()) {
    const size_t word = size - text.size();
    const uint32_t right = TakeFirst(text);
    const size_t bit = Bit(left, right);
    if ((bits_[bit / 64] >> bit % 64 & 1) == 0) return word;
    left = right;
  }
  return size;
}

}  // namespace strata::evaluator

#include "evaluator/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include <stdexcept>

#include "evaluator/utf8.h"

namespace strata::evaluator {
namespace {

struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: none that is well-formed
};

Character First(std::string_view text) {
  const size_t bytes = CharacterBytes(text);
  if (bytes == 0) return {};
  return {.code = CodePoint(text, bytes), .bytes = bytes};
}

Character Last(std::string_view text) {
  size_t bytes = 1;
  while (bytes < 4 && bytes < text.size() &&
         (static_cast<unsigned char>(text[text.size() - bytes]) & 0xC0) == 0x80) {
    ++bytes;
  }
  if (bytes > text.size()) return {};
  const std::string_view last = text.substr(text.size() - bytes);
  if (CharacterBytes(last) != bytes) return {};
  return {.code = CodePoint(last, bytes), .bytes = bytes};
}

// The instances belong to ICU, live as long as the program and are immutable.
const icu::Normalizer2& NormalizerOf(UnicodeForm form) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = nullptr;
  switch (form) {
    case UnicodeForm::kNfc:
      normalizer = icu::Normalizer2::getNFCInstance(error);
      break;
    case UnicodeForm::kNfd:
      normalizer = icu::Normalizer2::getNFDInstance(error);
      break;
    case UnicodeForm::kNfkc:
      normalizer = icu::Normalizer2::getNFKCInstance(error);
      break;
    case UnicodeForm::kNfkd:
      normalizer = icu::Normalizer2::getNFKDInstance(error);
      break;
  }
  if (U_FAILURE(error)) throw std::runtime_error("ICU has no data for Unicode normal forms");
  return *normalizer;
}

}  // namespace

uint32_t CodePoint(std::string_view text, size_t bytes) {
  const auto byte = [&](size_t i) { return uint32_t{static_cast<unsigned char>(text[i])}; };
  switch (bytes) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
             (byte(3) & 0x3F);
  }
}

bool IsWhiteSpace(uint32_t code) { return u_isUWhiteSpace(static_cast<UChar32>(code)) != 0; }

bool IsWordCharacter(uint32_t code) {
  const auto character = static_cast<UChar32>(code);
  constexpr uint32_t kCategories =
      U_GC_MN_MASK | U_GC_MC_MASK | U_GC_ME_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return (U_GET_GC_MASK(character) & kCategories) != 0 || u_isUAlphabetic(character) != 0 ||
         u_hasBinaryProperty(character, UCHAR_JOIN_CONTROL) != 0;
}

size_t LeadingSpaceBytes(std::string_view text) {
  size_t spaces = 0;
  for (Character next = First(text); next.bytes > 0 && IsWhiteSpace(next.code);
       next = First(text.substr(spaces))) {
    spaces += next.bytes;
  }
  return spaces;
}

size_t TrailingSpaceBytes(std::string_view text) {
  const size_t size = text.size();
  for (Character last = Last(text); last.bytes > 0 && IsWhiteSpace(last.code); last = Last(text)) {
    text.remove_suffix(last.bytes);
  }
  return size - text.size();
}

bool BeginsWithWord(std::string_view text) {
  const Character first = First(text);
  return first.bytes > 0 && IsWordCharacter(first.code);
}

bool EndsWithWord(std::string_view text) {
  const Character last = Last(text);
  return last.bytes > 0 && IsWordCharacter(last.code);
}

std::string InUnicodeForm(std::string_view text, UnicodeForm form) {
  const icu::Normalizer2& normalizer = NormalizerOf(form);
  std::string output;
  output.reserve(text.size());
  while (!text.empty()) {
    const std::string_view stretch = text.substr(0, WellFormedBytes(text));
    // ICU counts in 32 bits; a stretch of more is cut, which could only part a character from its
    // marks.
    constexpr size_t kMostBytes = size_t{1} << 30;
    for (size_t begin = 0; begin < stretch.size();) {
      size_t end = std::min(begin + kMostBytes, stretch.size());
      while (end < stretch.size() && (static_cast<unsigned char>(stretch[end]) & 0xC0) == 0x80) {
        --end;
      }
      icu::StringByteSink<std::string> sink(&output);
      UErrorCode error = U_ZERO_ERROR;
      normalizer.normalizeUTF8(
          0, icu::StringPiece(stretch.data() + begin, static_cast<int32_t>(end - begin)), sink,
          nullptr, error);
      if (U_FAILURE(error)) throw std::runtime_error("ICU could not normalise a text");
      begin = end;
    }
    text.remove_prefix(stretch.size());
    while (!text.empty() && CharacterBytes(text) == 0) {
      output.push_back(text.front());
      text.remove_prefix(1);
    }
  }
  return output;
}

}  // namespace strata::evaluator

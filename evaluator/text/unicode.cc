#include "evaluator/text/unicode.h"

#include <unicode/brkiter.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "evaluator/text/utf8.h"

namespace strata::evaluator {
namespace {

struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: no well-formed character
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

// ICU counts in 32 bits, so a longer stretch is cut. At worst this separates a character from its
// marks.
void AppendInForm(const icu::Normalizer2& normalizer, std::string_view stretch,
                  std::string& output) {
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

std::vector<size_t> ClusterBytes(std::string_view text) {
  std::vector<size_t> clusters;
  const bool is_ascii = std::all_of(text.begin(), text.end(),
                                    [](char c) { return static_cast<signed char>(c) >= 0; });
  if (is_ascii) {
    for (size_t i = 0; i < text.size(); i += clusters.back()) {
      clusters.push_back(text.substr(i).starts_with("\r\n") ? 2 : 1);
    }
    return clusters;
  }
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> iterator(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), error));
  UText view = UTEXT_INITIALIZER;
  utext_openUTF8(&view, text.data(), static_cast<int64_t>(text.size()), &error);
  if (U_SUCCESS(error)) iterator->setText(&view, error);
  if (U_FAILURE(error))
    throw std::runtime_error("ICU has no rules for characters as users see them");
  int32_t begin = 0;
  for (int32_t end = iterator->next(); end != icu::BreakIterator::DONE; end = iterator->next()) {
    clusters.push_back(static_cast<size_t>(end - begin));
    begin = end;
  }
  utext_close(&view);
  return clusters;
}

void AppendLowercase(uint32_t code, std::string& text) {
  // The only character whose lower case is two characters: an i and a dot above.
  constexpr uint32_t kCapitalWithDot = 0x130;
  if (code == kCapitalWithDot) {
    text += "i\u0307";
    return;
  }
  AppendCharacter(static_cast<uint32_t>(u_tolower(static_cast<UChar32>(code))), text);
}

bool IsMark(uint32_t code) {
  return (U_GET_GC_MASK(static_cast<UChar32>(code)) & U_GC_M_MASK) != 0;
}

bool IsNonspacingMark(uint32_t code) {
  return (U_GET_GC_MASK(static_cast<UChar32>(code)) & U_GC_MN_MASK) != 0;
}

bool IsOther(uint32_t code) {
  constexpr uint32_t kCategories = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK | U_GC_CS_MASK;
  return (U_GET_GC_MASK(static_cast<UChar32>(code)) & kCategories) != 0;
}

size_t DisplayColumns(uint32_t code) {
  constexpr uint32_t kWithoutRoom = U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK;
  const auto character = static_cast<UChar32>(code);
  if ((U_GET_GC_MASK(character) & kWithoutRoom) != 0) return 0;
  const int width = u_getIntPropertyValue(character, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

bool IsChinese(uint32_t code) {
  constexpr std::pair<uint32_t, uint32_t> kBlocks[] = {
      {0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
      {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  return std::any_of(std::begin(kBlocks), std::end(kBlocks), [code](const auto& block) {
    return code >= block.first && code <= block.second;
  });
}

std::string InUnicodeForm(std::string_view text, UnicodeForm form) {
  const icu::Normalizer2& normalizer = NormalizerOf(form);
  std::string output;
  output.reserve(text.size());
  ForEachStretch(
      text, [&](std::string_view stretch) { AppendInForm(normalizer, stretch, output); },
      [&](std::string_view byte) { output += byte; });
  return output;
}

}  // namespace strata::evaluator

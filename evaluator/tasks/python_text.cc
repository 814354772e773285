#include "evaluator/tasks/python_text.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/stringpiece.h>

#include <algorithm>

#include "evaluator/text/unicode.h"
#include "evaluator/text/utf8.h"

namespace strata::tasks {
namespace {

// True for characters of bidirectional class WS, B or S, or of category Zs.
bool IsPythonSpace(uint32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 ||
         code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

// Number of bytes of the first character of a text; 1 for a malformed byte.
size_t NextBytes(std::string_view text) {
  return std::max<size_t>(1, evaluator::CharacterBytes(text));
}

bool BeginsWithSpace(std::string_view text) {
  const size_t bytes = evaluator::CharacterBytes(text);
  return bytes > 0 && IsPythonSpace(evaluator::CodePoint(text, bytes));
}

}  // namespace

size_t LeadingWhiteSpaceBytes(std::string_view text) {
  size_t bytes = 0;
  while (bytes < text.size() && BeginsWithSpace(text.substr(bytes))) {
    bytes += NextBytes(text.substr(bytes));
  }
  return bytes;
}

size_t TrailingWhiteSpaceBytes(std::string_view text) {
  size_t end_of_last = 0;  // of the last character that is no white space
  for (size_t at = 0; at < text.size();) {
    const bool is_space = BeginsWithSpace(text.substr(at));
    at += NextBytes(text.substr(at));
    if (!is_space) end_of_last = at;
  }
  return text.size() - end_of_last;
}

std::string_view Strip(std::string_view text) {
  text.remove_suffix(TrailingWhiteSpaceBytes(text));
  text.remove_prefix(LeadingWhiteSpaceBytes(text));
  return text;
}

int64_t CharacterCount(std::string_view text) {
  int64_t count = 0;
  for (; !text.empty(); text.remove_prefix(NextBytes(text))) ++count;
  return count;
}

int64_t WordCount(std::string_view text) {
  int64_t words = 1;
  while (!text.empty()) {
    const size_t space = LeadingWhiteSpaceBytes(text);
    if (space > 0) ++words;
    text.remove_prefix(space > 0 ? space : NextBytes(text));
  }
  return words;
}

std::string Lowercase(std::string_view text) {
  std::string lower;
  icu::StringByteSink<std::string> sink(&lower);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToLower("", 0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())),
                            sink, nullptr, error);
  return lower;
}

std::string Uppercase(std::string_view text) {
  std::string upper;
  icu::StringByteSink<std::string> sink(&upper);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToUpper("", 0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())),
                            sink, nullptr, error);
  return upper;
}

}  // namespace strata::tasks

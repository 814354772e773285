#include "evaluator/text/text_encoding.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::evaluator {
namespace {

std::string MessageOf(const std::string& text, const TextPlace& place = {"t.txt"}) {
  const absl::Status status = CheckUtf8(text, place);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

// The text of ASCII letters with `zeros` zero bytes after each letter, or before.
std::string Wide(const std::string& text, size_t zeros, bool before) {
  std::string wide;
  for (const char letter : text) {
    if (before) wide.append(zeros, '\0');
    wide += letter;
    if (!before) wide.append(zeros, '\0');
  }
  return wide;
}

TEST(CheckUtf8, TakesUtf8) {
  for (const char* text : {"", "a", "é ∑ 😀\n",
                           "\xEF\xBB\xBF"
                           "a",
                           "\xEF\xBF\xBE"}) {
    EXPECT_TRUE(CheckUtf8(text, {"t.txt"}).ok()) << text;
  }
  EXPECT_TRUE(CheckUtf8(std::string("a\0bcdefgh", 9), {"t.txt"}).ok());
}

TEST(CheckUtf8, NamesByteLineAndPosition) {
  EXPECT_EQ(MessageOf("ab\ncd\n\xE9t\xE9"),
            "t.txt:3: expected UTF-8, found the byte 0xE9 at position 6; this looks like "
            "ISO 8859-1 (Latin-1) or Windows-1252");
  EXPECT_EQ(MessageOf("caf\xE9 au lait", {"t.txt", 8, 100}),
            "t.txt:8: expected UTF-8, found the byte 0xE9 at position 103; this looks like "
            "ISO 8859-1 (Latin-1) or Windows-1252");
}

TEST(CheckUtf8, NamesTheLikelyEncoding) {
  const std::string four = "four score and seven years ago\n";
  const struct {
    std::string text;
    const char* encoding;
  } cases[] = {
      {"\xFF\xFE" + Wide(four, 1, false), "UTF-16, little endian"},
      {"\xFE\xFF" + Wide(four, 1, true), "UTF-16, big endian"},
      {Wide(four, 1, false), "UTF-16, little endian"},
      {Wide(four, 1, true), "UTF-16, big endian"},
      {std::string("\xFF\xFE\0\0", 4) + Wide(four, 3, false), "UTF-32, little endian"},
      {Wide(four, 3, true), "UTF-32"},
      {"he said \x93yes\x94", "Windows-1252"},
      {"\xC4\xE3\xBA\xC3\xCA\xC0\xBD\xE7",
       "an older encoding such as GB 18030, "
       "Shift JIS or Windows-1251"},
      {"caf\xC3\xA9 and caf\xE9 too", "UTF-8 that is damaged or mixed with another encoding here"},
      {"caf\xC3\xA9 caf\xC3", "UTF-8 whose last character is cut off"},
      {"smile \xF0\x9F\x98", "UTF-8 whose last character is cut off"},
      {std::string("\x1F\x8B\x08\0abc", 7), "a gzip archive"},
      {std::string("ab\0\xFE cdefghijkl", 15), "binary data"},
  };
  for (const auto& c : cases) {
    const std::string message = MessageOf(c.text);
    EXPECT_TRUE(message.ends_with(std::string("; this looks like ") + c.encoding)) << message;
  }
}

}  // namespace
}  // namespace strata::evaluator

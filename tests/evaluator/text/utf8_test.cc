#include "evaluator/text/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "evaluator/tokenizer/byte_alphabet.h"

namespace strata::evaluator {
namespace {

TEST(Utf8, EveryCodePointIsOneCharacter) {
  for (uint32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string text;
    AppendCharacter(code, text);
    const size_t expected = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    ASSERT_EQ(text.size(), expected) << code;
    ASSERT_EQ(CharacterBytes(text + "a"), expected) << code;
    ASSERT_EQ(CharacterBytes(std::string_view(text).substr(0, expected - 1)), 0u) << code;
  }
}

TEST(Utf8, KnownCharacters) {
  std::string text;
  for (const uint32_t code : {0x24u, 0xA3u, 0x20ACu, 0x10348u}) AppendCharacter(code, text);
  EXPECT_EQ(text, "\x24\xC2\xA3\xE2\x82\xAC\xF0\x90\x8D\x88");
}

TEST(Utf8, MalformedFormsAreNoCharacters) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2 ", "\xE0\x9F\xBF", "\xE2\x82",
        "\xE2\x28\xA1", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
    EXPECT_EQ(CharacterBytes(text), 0u) << ::testing::PrintToString(std::string(text));
  }
  EXPECT_EQ(CharacterBytes(""), 0u);
}

TEST(Utf8, WellFormedPrefixEndsAtTheFirstBadByte) {
  const std::string good = "eight bytes and more, caf\u00e9 \u4e2d\U0001F600";
  EXPECT_EQ(WellFormedBytes(good), good.size());
  for (size_t place = 0; place <= good.size(); ++place) {
    if (place < good.size() && (good[place] & 0xC0) == 0x80) continue;  // inside a character
    EXPECT_EQ(WellFormedBytes(good.substr(0, place) + "\xFF" + good.substr(place)), place);
  }
  EXPECT_EQ(WellFormedBytes(""), 0u);
}

TEST(Utf8, StretchesAndTheBytesBetween) {
  std::vector<std::string> stretches;
  std::vector<std::string> bytes;
  ForEachStretch(
      "ab\xFF\xE4\u00e9"
      "c\x80",
      [&](std::string_view stretch) { stretches.emplace_back(stretch); },
      [&](std::string_view byte) { bytes.emplace_back(byte); });
  EXPECT_EQ(stretches, std::vector<std::string>({"ab", "\u00e9c"}));
  EXPECT_EQ(bytes, std::vector<std::string>({"\xFF", "\xE4", "\x80"}));
}

TEST(ByteAlphabet, IsABijectionOfBytesAndSymbols) {
  const ByteAlphabet alphabet;
  std::string all, symbols;
  for (int byte = 0; byte < 256; ++byte) {
    all.push_back(static_cast<char>(byte));
    symbols += alphabet.symbol(static_cast<unsigned char>(byte));
  }
  EXPECT_EQ(alphabet.Bytes(symbols), all);
  EXPECT_EQ(alphabet.symbol('A'), "A");
  EXPECT_EQ(alphabet.symbol(' '), "\u0120");
  EXPECT_EQ(alphabet.symbol('\n'), "\u010A");
  EXPECT_EQ(alphabet.symbol(0xAD), "\u0143");
  for (const char* other : {" ", "\n", "\u0144", "\u4e2d", "\x80", "a\u00AD"}) {
    EXPECT_EQ(alphabet.Bytes(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace strata::evaluator

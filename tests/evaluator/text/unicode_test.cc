#include "evaluator/text/unicode.h"

#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

TEST(Unicode, CodePoints) {
  EXPECT_EQ(CodePoint("A", 1), 0x41u);
  EXPECT_EQ(CodePoint("\u00e9", 2), 0xE9u);
  EXPECT_EQ(CodePoint("\u4e2d", 3), 0x4E2Du);
  EXPECT_EQ(CodePoint("\U0001F600", 4), 0x1F600u);
}

TEST(Unicode, WhiteSpace) {
  for (const uint32_t code : {0x20u, 0x9u, 0x85u, 0xA0u, 0x3000u}) EXPECT_TRUE(IsWhiteSpace(code));
  for (const uint32_t code : {0x41u, 0x180Eu, 0x200Bu, 0x1Cu}) EXPECT_FALSE(IsWhiteSpace(code));
}

TEST(Unicode, WordCharacters) {
  for (const uint32_t code : {0x41u, 0x5Fu, 0x39u, 0xE9u, 0x301u, 0x4E2Du, 0x200Du, 0x24B6u}) {
    EXPECT_TRUE(IsWordCharacter(code)) << code;
  }
  for (const uint32_t code : {0x20u, 0x2Du, 0xB2u, 0x1F600u}) {
    EXPECT_FALSE(IsWordCharacter(code)) << code;
  }
}

TEST(Unicode, SpacesAtTheEnds) {
  EXPECT_EQ(LeadingSpaceBytes(" \u3000a "), 4u);
  EXPECT_EQ(TrailingSpaceBytes(" a\u3000\n"), 4u);
  EXPECT_EQ(LeadingSpaceBytes(""), 0u);
  EXPECT_EQ(TrailingSpaceBytes("  "), 2u);
  EXPECT_EQ(LeadingSpaceBytes(" \x80 "), 1u);
  EXPECT_EQ(TrailingSpaceBytes(" \x80 "), 1u);
  EXPECT_EQ(TrailingSpaceBytes("\x80\x80\x80\x80\x80"), 0u);
}

TEST(Unicode, WordsAtTheEnds) {
  EXPECT_TRUE(BeginsWithWord("\u00e9-"));
  EXPECT_FALSE(BeginsWithWord("-a"));
  EXPECT_TRUE(EndsWithWord("-\u4e2d"));
  EXPECT_FALSE(EndsWithWord("a-"));
  EXPECT_FALSE(EndsWithWord(""));
  EXPECT_FALSE(EndsWithWord("a\xE4\xB8"));
}

TEST(Unicode, Clusters) {
  EXPECT_EQ(ClusterBytes(""), std::vector<size_t>());
  EXPECT_EQ(ClusterBytes("a\r\n\r"), std::vector<size_t>({1, 2, 1}));
  EXPECT_EQ(ClusterBytes("ae\u0301\r\n\u4e2d"), std::vector<size_t>({1, 3, 2, 3}));
  EXPECT_EQ(ClusterBytes("\U0001F468\u200D\U0001F469"), std::vector<size_t>({11}));
}

TEST(Unicode, KindsOfCharacters) {
  EXPECT_TRUE(IsMark(0x301) && IsMark(0x903) && IsMark(0x20DD));
  EXPECT_TRUE(IsNonspacingMark(0x301));
  EXPECT_FALSE(IsNonspacingMark(0x903) || IsNonspacingMark(0x61) || IsMark(0x61));
  EXPECT_TRUE(IsOther(0x7) && IsOther(0x200B) && IsOther(0xE000));
  EXPECT_FALSE(IsOther(0x61) || IsOther(0x10FFFF));
  EXPECT_TRUE(IsChinese(0x4E2D) && IsChinese(0x20000));
  EXPECT_FALSE(IsChinese(0x3042) || IsChinese(0xAC00));
}

TEST(Unicode, NormalForms) {
  EXPECT_EQ(InUnicodeForm("e\u0301 \ufb01", UnicodeForm::kNfc), "\u00e9 \ufb01");
  EXPECT_EQ(InUnicodeForm("\u00e9 \ufb01", UnicodeForm::kNfd), "e\u0301 \ufb01");
  EXPECT_EQ(InUnicodeForm("e\u0301 \ufb01", UnicodeForm::kNfkc), "\u00e9 fi");
  EXPECT_EQ(InUnicodeForm("\u00e9 \ufb01", UnicodeForm::kNfkd), "e\u0301 fi");
  EXPECT_EQ(InUnicodeForm("", UnicodeForm::kNfc), "");
}

TEST(Unicode, MalformedBytesStayAndPartWhatIsBesideThem) {
  EXPECT_EQ(InUnicodeForm("e\xFF\u0301\xE4\xB8 e\u0301", UnicodeForm::kNfc),
            "e\xFF\u0301\xE4\xB8 \u00e9");
}

TEST(Unicode, WideCharactersTakeTwoAndMarksNone) {
  EXPECT_EQ(DisplayColumns('a'), 1u);
  EXPECT_EQ(DisplayColumns(0x00FC), 1u);   // u with diaeresis
  EXPECT_EQ(DisplayColumns(0x2588), 1u);   // full block
  EXPECT_EQ(DisplayColumns(0x526A), 2u);   // ideograph
  EXPECT_EQ(DisplayColumns(0xFF21), 2u);   // fullwidth A
  EXPECT_EQ(DisplayColumns(0x1F600), 2u);  // grinning face
  EXPECT_EQ(DisplayColumns(0x0301), 0u);   // combining acute accent
  EXPECT_EQ(DisplayColumns(0x200D), 0u);   // zero-width joiner
}

}  // namespace
}  // namespace strata::evaluator

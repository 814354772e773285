#include "evaluator/tokenizer/normalizer.h"

#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

std::string Normalized(const std::vector<NormalizerStep>& steps, const std::string& text,
                       bool begins_text = true) {
  std::deque<std::string> storage;
  return std::string(Normalizer::Create(steps).value().Apply(text, begins_text, storage));
}

ReplaceStep Replace(const std::string& pattern, bool is_expression, const std::string& content) {
  return {.pattern = {.text = pattern, .is_expression = is_expression}, .content = content};
}

TEST(Normalizer, WithoutStepsTextStays) { EXPECT_EQ(Normalized({}, " a\xFF"), " a\xFF"); }

TEST(Normalizer, UnicodeForms) {
  EXPECT_EQ(Normalized({UnicodeForm::kNfc}, "e\u0301"), "\u00e9");
  EXPECT_EQ(Normalized({UnicodeForm::kNfkc}, "plain"), "plain");
}

TEST(Normalizer, Replacements) {
  EXPECT_EQ(Normalized({Replace(" ", false, "__")}, " a  b"), "__a____b");
  EXPECT_EQ(Normalized({Replace(" {2,}", true, " ")}, "a   b c"), "a b c");
  EXPECT_EQ(Normalized({Replace(".", false, "!")}, "a.b"), "a!b");
  EXPECT_EQ(Normalized({Replace("\\s", true, "-")}, " \xFF "), "-\xFF-");
}

TEST(Normalizer, Prepends) {
  EXPECT_EQ(Normalized({PrependStep{"_"}}, "a"), "_a");
  EXPECT_EQ(Normalized({PrependStep{"_"}}, ""), "");
  EXPECT_EQ(Normalized({PrependStep{"_"}}, "a", /*begins_text=*/false), "_a");
  const PrependStep at_start{.content = "_", .only_at_start = true};
  EXPECT_EQ(Normalized({at_start}, "a"), "_a");
  EXPECT_EQ(Normalized({at_start}, "a", /*begins_text=*/false), "a");
}

TEST(Normalizer, Spaces) {
  EXPECT_EQ(Normalized({StripSpacesStep{}}, "\u3000 a b\n"), "a b");
  EXPECT_EQ(Normalized({StripSpacesStep{.left = true, .right = false}}, " a "), "a ");
  EXPECT_EQ(Normalized({StripSpacesStep{.left = false, .right = true}}, " a "), " a");
  EXPECT_EQ(Normalized({CollapseSpacesStep{}}, "  a \n  b  "), "a \n b");
  EXPECT_EQ(Normalized({CollapseSpacesStep{}}, "   "), "");
  EXPECT_EQ(Normalized({CollapseSpacesStep{}}, "\u2581a \u2581 \u2581"), "\u2581a");
}

TEST(Normalizer, StepsFollowEachOther) {
  EXPECT_EQ(
      Normalized({PrependStep{" "}, Replace(" ", false, "_"), UnicodeForm::kNfc}, "e\u0301 b"),
      "_\u00e9_b");
}

TEST(Normalizer, Lowercase) {
  EXPECT_EQ(Normalized({LowercaseStep{}}, "A\u00c9\u0130\u03a3\xFF"), "a\u00e9i\u0307\u03c3\xFF");
}

TEST(Normalizer, StripMarks) {
  // An acute accent, a spacing mark and an enclosing one.
  const std::string text = "e\u0301\u0903\u20dd!";
  EXPECT_EQ(Normalized({StripMarksStep{}}, text), "e!");
  EXPECT_EQ(Normalized({StripMarksStep{.only_nonspacing = true}}, text), "e\u0903\u20dd!");
}

TEST(Normalizer, AsBertCleans) {
  EXPECT_EQ(Normalized({CleanTextStep{}}, std::string("a\0\u0007\ufffd\tb\u00a0\u200bc", 15)),
            "a b c");
  EXPECT_EQ(Normalized({SpaceChineseStep{}}, "a\u4e2d\u3042"), "a \u4e2d \u3042");
}

TEST(Normalizer, DamagedMapsAreErrors) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      Normalizer::Create({CharacterMapStep{.compiled = "no map"}}).status()));
}

TEST(Normalizer, ErrorsOfExpressions) {
  EXPECT_TRUE(absl::IsUnimplemented(Normalizer::Create({Replace("[^\\W]", true, "")}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Normalizer::Create({Replace("(", true, "")}).status()));
}

}  // namespace
}  // namespace strata::evaluator

#include "evaluator/tasks/answer_filter.h"

#include <gtest/gtest.h>

namespace strata::tasks {
namespace {

FilterStep Regex(const std::string& expression, int64_t group_select = 0) {
  FilterStep step;
  step.kind = FilterStepKind::kRegex;
  step.expression = expression;
  step.group_select = group_select;
  return step;
}

std::string Apply(const FilterStep& step, const std::string& text) {
  const auto filter = CompiledFilter::Create({"f", {step}});
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter->Apply(text);
}

constexpr const char* kStrict = R"(#### (\-?[0-9\.\,]+))";
constexpr const char* kFlexible = R"((-?[$0-9.,]{2,})|(-?[0-9]+))";

TEST(AnswerFilterTest, TheFiltersOfGsm8k) {
  const std::string text = "3 + 4 = 7, so $1,007.50 in all.\n#### 1,007.50 .";
  EXPECT_EQ(Apply(Regex(kStrict), text), "1,007.50");
  EXPECT_EQ(Apply(Regex(kFlexible, -1), text), "1,007.50");
  EXPECT_EQ(Apply(Regex(kFlexible, 0), text), "3");
  EXPECT_EQ(Apply(Regex(kStrict), "seven"), "[invalid]");
}

TEST(AnswerFilterTest, GroupsAsInPythonsFindall) {
  EXPECT_EQ(Apply(Regex("a+"), "b aa a"), "aa");           // no group: the whole match
  EXPECT_EQ(Apply(Regex("b(a*)"), "b aa"), "");            // one: its text, though empty
  EXPECT_EQ(Apply(Regex("(x)?(y)?z"), "z"), "[invalid]");  // several, all empty: the fallback
  EXPECT_EQ(Apply(Regex("(x)?(y)?z"), "yz"), "y");
  EXPECT_EQ(Apply(Regex("is (.*)"), "it is  Öl \n"), "Öl");  // stripped
  EXPECT_EQ(Apply(Regex("a", 5), "a"), "[invalid]");
  EXPECT_EQ(Apply(Regex("a", -2), "a"), "[invalid]");
  EXPECT_EQ(Apply(Regex("x*", -1), "Öx"), "") << "empty matches must not stop the search";
}

TEST(AnswerFilterTest, StepsFollowOneAnother) {
  FilterStep fallback = Regex("([A-D])");
  fallback.fallback = "none";
  const auto filter = CompiledFilter::Create({"f",
                                              {{FilterStepKind::kUppercase},
                                               fallback,
                                               {FilterStepKind::kTakeFirst},
                                               {FilterStepKind::kLowercase}}});
  ASSERT_TRUE(filter.ok());
  EXPECT_EQ(filter->Apply("the answer is c"), "a");  // of "THE ANSWER"
  EXPECT_EQ(filter->Apply("why"), "none");
  EXPECT_EQ(Apply({FilterStepKind::kRemoveWhitespace}, " a b\n"), "a b");
  EXPECT_FALSE(CompiledFilter::Create({"f", {Regex("(")}}).ok());
}

TEST(AnswerFilterTest, RulesOfExactMatch) {
  ExactMatchRules rules;
  rules.ignored_expressions = {",", "\\$", "(?s).*#### ", "\\.$"};
  rules.ignore_case = true;
  const auto compiled = CompiledRules::Create(rules);
  ASSERT_TRUE(compiled.ok());
  EXPECT_TRUE(compiled->Matches("$1,007.", "They cost\n $5\n#### 1007"));
  EXPECT_FALSE(compiled->Matches("1007.5", "#### 1007"));
  EXPECT_TRUE(compiled->Matches("Seven", "sEVEN"));
  const auto matches = [](const ExactMatchRules& options, const char* one, const char* other) {
    return CompiledRules::Create(options)->Matches(one, other);
  };
  EXPECT_FALSE(matches({}, "a.", "a"));
  EXPECT_TRUE(matches({.ignored_expressions = {}, .ignore_punctuation = true}, "a.-", "(a)"));
  EXPECT_TRUE(matches({.ignored_expressions = {}, .ignore_numbers = true}, "a1", "2a"));
  ExactMatchRules broken;
  broken.ignored_expressions = {"["};
  EXPECT_FALSE(CompiledRules::Create(broken).ok());
}

}  // namespace
}  // namespace strata::tasks

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  const absl::StatusOr<Expression> expression = ParseExpression(text);
  EXPECT_FALSE(expression.ok()) << text << " was read as " << PrintExpression(*expression);
  return std::string(expression.status().message());
}

TEST(Parser, ReadsPrecedenceAndAssociativity) {
  EXPECT_EQ(Parsed("depth - size - 2"), Parsed("(depth - size) - 2"));
  EXPECT_EQ(Parsed("depth / size / 2"), Parsed("(depth / size) / 2"));
  EXPECT_EQ(Parsed("depth + size * 2"), Parsed("depth + (size * 2)"));
  EXPECT_EQ(Parsed("-depth * size"), Parsed("(-depth) * size"));
  EXPECT_NE(Parsed("-(depth * size)"), Parsed("-depth * size"));
  EXPECT_EQ(Parsed(" span( - var( abslog(WX) ) ,0.15 )"), Parsed("span(-var(abslog(WX)), 0.15)"));
}

TEST(Parser, TellsNegativeNumbersFromNegations) {
  const Expression minus_two = Parsed("-2");
  EXPECT_EQ(minus_two, (Expression{IdOf("constant"), {-2}, {}}));
  EXPECT_EQ(Parsed("-(2)"), (Expression{IdOf("neg"), {}, {Parsed("2")}}));
  EXPECT_EQ(Parsed("depth - 2"), (Expression{IdOf("-"), {}, {Parsed("depth"), Parsed("2")}}));
  EXPECT_EQ(Parsed("depth - -2"), (Expression{IdOf("-"), {}, {Parsed("depth"), minus_two}}));
  EXPECT_EQ(Parsed("--2"), (Expression{IdOf("neg"), {}, {minus_two}}));
}

TEST(Parser, AcceptsAliasesAndOptionalParentheses) {
  EXPECT_EQ(Parsed("dsa(ASIN(ATAN(VAR(ABSLOG(WX)))), 0.08)"),
            Parsed("W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(7)"));
  EXPECT_EQ(Parsed("uniform"), Parsed("uniform()"));
  EXPECT_EQ(Parsed("span(depth(), 1e-1)"), Parsed("span(depth, .1)"));
}

TEST(Parser, NamesColumnExpectationAndFinding) {
  EXPECT_EQ(ErrorOf("span(-vra(WX), 0.1)"),
            "column 7: unknown operator 'vra', the nearest known name is 'var'");
  EXPECT_EQ(ErrorOf("span(var(depth), 0.1)"),
            "column 6: 'var' expects a value of type Tensor, found Layers");
  EXPECT_EQ(ErrorOf("span(depth, 3)"),
            "column 1: lambda of 'span' must be between 0.005 and 0.5, found 3");
  EXPECT_EQ(ErrorOf("outliers(2.5)"),
            "column 1: M of 'outliers' must be a multiple of 1, found 2.5");
  EXPECT_EQ(ErrorOf("span(depth)"),
            "column 11: expected ',': 'span' takes 1 expression and 1 number (lambda), found ')'");
  EXPECT_EQ(
      ErrorOf("span(depth, 0.1, 2)"),
      "column 16: expected ')': 'span' takes 1 expression and 1 number (lambda), found ', 2)'");
  EXPECT_EQ(ErrorOf("span(depth, size)"),
            "column 13: expected a number (lambda of 'span'), found 'size)'");
  EXPECT_EQ(ErrorOf("span"),
            "column 5: expected '(' after 'span', which takes 1 expression and 1 number (lambda), "
            "found the end of the text");
  EXPECT_EQ(ErrorOf("depth +"),
            "column 8: expected a number, a name, '-' or '(', found the end of the text");
  EXPECT_EQ(ErrorOf("depth size"), "column 7: expected an operator or the end, found 'size'");
  EXPECT_EQ(ErrorOf("(depth"), "column 7: expected ')', found the end of the text");
  EXPECT_EQ(ErrorOf("depth + WX"), "column 7: '+' expects a value of type Layers, found Tensor");
  EXPECT_THAT(ErrorOf("1e999"), HasSubstr("expected a number within double precision"));
  EXPECT_THAT(ErrorOf("5000"), HasSubstr("value of 'constant' must be between -1000 and 1000"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("column 1: expected a number, a name"));
  EXPECT_THAT(ErrorOf("nan"), HasSubstr("unknown operator 'nan'"));
}

TEST(Parser, RefusesAbsurdInput) {
  EXPECT_THAT(ErrorOf(std::string(60000, '(')), HasSubstr("nested more than"));
  EXPECT_THAT(ErrorOf(std::string(60000, '-') + "depth"), HasSubstr("nested more than"));
  EXPECT_THAT(ErrorOf(std::string(70000, 'x')), HasSubstr("at most 65536 bytes"));
  EXPECT_THAT(ErrorOf(std::string(60000, 'x')), HasSubstr("unknown operator"));
  std::string calls;
  for (int i = 0; i < 10000; ++i) calls += "abs(";
  EXPECT_THAT(ErrorOf(calls), HasSubstr("nested more than"));
  std::string sum = "depth";
  for (int i = 0; i < 5000; ++i) sum += "+depth";
  EXPECT_THAT(ErrorOf(sum), HasSubstr("at most 1000"));
  sum = "depth";
  for (int i = 0; i < 100; ++i) sum += "+depth";
  EXPECT_THAT(ErrorOf(sum), HasSubstr("64 operators deep"));
  EXPECT_THAT(ErrorOf(std::string("depth\0+", 7)), HasSubstr("column 6"));
}

// Whatever is read survives printing; whatever is not is an error, never a crash.
TEST(Parser, SurvivesMangledText) {
  MersenneTwister random(11);
  const std::string alphabet = "()+-*/,. 0123456789eEWXabdefnprsuv\n\0:";
  for (int k = 0; k < 20000; ++k) {
    std::string text = k % 2 == 0 ? PrintExpression(RandomExpression(random, {}))
                                  : "W:(ABSLOG,EXP)-(VAR)-(ATAN,ASIN)-(7)";
    for (uint64_t edits = 1 + random.Below(3); edits > 0; --edits) {
      text[random.Below(text.size())] = alphabet[random.Below(alphabet.size())];
    }
    const absl::StatusOr<Expression> expression = ParseExpression(text);
    if (!expression.ok()) continue;
    ASSERT_TRUE(Validate(*expression).ok()) << text;
    ASSERT_EQ(Parsed(PrintExpression(*expression)), *expression) << text;
  }
}

}  // namespace
}  // namespace strata::expr

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
  EXPECT_EQ(ErrorOf("span(depth, 3)"),
            "column 13: lambda of 'span' must be between 0.005 and 0.5, found 3");
  EXPECT_EQ(ErrorOf("outliers( 2.5)"),
            "column 11: M of 'outliers' must be a multiple of 1, found 2.5");
  EXPECT_EQ(ErrorOf("waterfill(depth, 0.1, -1)"),
            "column 23: upper of 'waterfill' must be between 0.01 and 0.5, found -1");
  EXPECT_EQ(ErrorOf("quantile(WX, 1)"),
            "column 14: p of 'quantile' must be between 0.01 and 0.99, found 1");
  EXPECT_EQ(ErrorOf("span(depth, size)"),
            "column 13: expected a number (lambda of 'span'), found 'size)'");
  EXPECT_EQ(ErrorOf("span"),
            "column 5: expected '(' after 'span', which takes 1 expression and 1 number (lambda), "
            "found the end of the text");
  EXPECT_EQ(ErrorOf("depth +"),
            "column 8: expected a number, a name, '-' or '(', found the end of the text");
  EXPECT_EQ(ErrorOf("depth size"), "column 7: expected an operator or the end, found 'size'");
  EXPECT_EQ(ErrorOf("(depth"), "column 7: expected ')', found the end of the text");
  EXPECT_THAT(ErrorOf("1e999"), HasSubstr("expected a number within double precision"));
  EXPECT_THAT(ErrorOf("5000"), HasSubstr("value of 'constant' must be between -1000 and 1000"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("column 1: expected a number, a name"));
  EXPECT_THAT(ErrorOf("nan"), HasSubstr("unknown operator 'nan'"));
}

TEST(Parser, PointsAtTheArgumentOfTheWrongType) {
  EXPECT_EQ(
      ErrorOf("span(WX, 0.1)"),
      "column 6: 'span' expects a value of type Units, found Tensor 'WX'; a reduction such as "
      "mean(...) gives Units");
  EXPECT_EQ(
      ErrorOf("span( var(depth), 0.1)"),
      "column 11: 'var' expects a value of type Tensor, found Units 'depth'; a source such as "
      "WX gives Tensor");
  EXPECT_EQ(ErrorOf("within(depth, WX, 0.1, 0.1)"),
            "column 8: 'within' expects a value of type Allocation, found Units 'depth'; a "
            "post-process such as span(..., 0.1) gives Allocation");
  EXPECT_EQ(
      ErrorOf("within(uniform, WX, 0.1, 0.1)"),
      "column 17: 'within' expects a value of type Units, found Tensor 'WX'; a reduction such "
      "as mean(...) gives Units");
  EXPECT_EQ(ErrorOf("abs(direct(depth))"),
            "column 5: 'abs' expects a value of type Tensor or Units, found Allocation "
            "'direct(depth)'; a post-process stands outside all of these, but for the operand of "
            "slopes");
  EXPECT_EQ(ErrorOf("depth + WX"),
            "column 9: '+' expects a value of type Units, found Tensor 'WX'; a reduction such as "
            "mean(...) gives Units");
  EXPECT_EQ(ErrorOf("2 * (W) + depth"),
            "column 5: '*' expects a value of type Units, found Tensor 'W'; a reduction such as "
            "mean(...) gives Units");
  EXPECT_EQ(ErrorOf("depth - -uniform()").substr(0, 65),
            "column 10: 'neg' expects a value of type Tensor or Units, found A");
  EXPECT_THAT(
      ErrorOf("mean(sin(cos(tan(sin(cos(tan(sin(cos(sin(cos(depth * size)))))))))))"),
      HasSubstr("found Units 'sin(cos(tan(sin(cos(tan(sin(cos(sin(cos(depth * size)))))...'"));
}

TEST(Parser, PointsAtMissingAndSurplusArguments) {
  EXPECT_EQ(ErrorOf("span(depth)"),
            "column 11: expected ',' and a number (lambda): 'span' takes 1 expression and 1 number "
            "(lambda), found ')'");
  EXPECT_EQ(ErrorOf("span()"),
            "column 6: expected an expression: 'span' takes 1 expression and 1 number (lambda), "
            "found ')'");
  EXPECT_EQ(ErrorOf("within(uniform, 0.1, 0.2)"),
            "column 25: expected ',' and a number (upper): 'within' takes 2 expressions and 2 "
            "numbers (lower, upper), found ')'");
  EXPECT_EQ(ErrorOf("mix(depth, size)"),
            "column 16: expected ',' and a number (weight): 'mix' takes 2 expressions and 1 number "
            "(weight), found ')'");
  EXPECT_EQ(ErrorOf("min(depth)"),
            "column 10: expected ',' and an expression: 'min' takes 2 expressions, found ')'");
  EXPECT_EQ(ErrorOf("span(depth, 0.1, 2)"),
            "column 16: expected ')' after 2 arguments: 'span' takes 1 expression and 1 number "
            "(lambda), found ', 2)'");
  EXPECT_EQ(
      ErrorOf("density(depth, 0.1)"),
      "column 14: expected ')' after 1 argument: 'density' takes 1 expression, found ', 0.1)'");
  EXPECT_EQ(ErrorOf("span(depth(2), 0.1)"),
            "column 12: expected ')': 'depth' takes no arguments, found '2), 0.1)'");
  EXPECT_EQ(ErrorOf("quantile(W 0.5)"),
            "column 12: expected ',' and a number (p): 'quantile' takes 1 expression and 1 number "
            "(p), found '0.5)'");
  EXPECT_EQ(
      ErrorOf("outliers"),
      "column 9: expected '(' after 'outliers', which takes 1 number (M), found the end of the "
      "text");
}

TEST(Parser, ReadsNumbersAfterOperandsAndAdjustments) {
  EXPECT_EQ(Parsed("quantile(WX, 0.25)"),
            (Expression{IdOf("quantile"), {0.25}, {Expression{IdOf("WX"), {}, {}}}}));
  EXPECT_EQ(Parsed("mix(depth, size, 0.25)"),
            (Expression{IdOf("mix"), {0.25}, {Parsed("depth"), Parsed("size")}}));
  EXPECT_EQ(Parsed("within(within(uniform, depth, 0.1, 0.2), -size, 0.3, 0.4)"),
            (Expression{IdOf("within"),
                        {0.3, 0.4},
                        {Parsed("within(uniform(), depth, 0.1, 0.2)"), Parsed("-size")}}));
  EXPECT_EQ(Parsed("nm(depth, 0.1, 8)"), (Expression{IdOf("nm"), {0.1, 8}, {Parsed("depth")}}));
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

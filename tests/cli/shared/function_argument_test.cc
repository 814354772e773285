#include "cli/shared/function_argument.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expr/expression_json.h"
#include "expr/library_documentation.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<FunctionArgument> Read(const std::string& text) {
  return ReadFunctionArgument(text, expr::DocumentedLayout(), 0.7);
}

std::string ErrorOf(const std::string& text) {
  const auto function = Read(text);
  EXPECT_FALSE(function.ok()) << text;
  return function.ok() ? "" : std::string(function.status().message());
}

void ExpectFunction(const std::string& text, const std::string& kind, const std::string& name,
                    const std::string& expression) {
  const auto function = Read(text);
  ASSERT_TRUE(function.ok()) << text << ": " << std::string(function.status().message());
  EXPECT_EQ(function->kind, kind);
  EXPECT_EQ(function->name, name);
  EXPECT_EQ(expr::PrintExpression(function->expression), expression);
}

TEST(FunctionArgument, EveryForm) {
  ExpectFunction("owl", "library", "owl M=5 lambda=0.08", "span(-outliers(5), 0.08)");
  ExpectFunction("owl lambda=0.15 M=7", "library", "owl M=7 lambda=0.15",
                 "span(-outliers(7), 0.15)");
  ExpectFunction("uniform", "library", "uniform", "uniform()");
  ExpectFunction("global", "library", "global", "direct(below(WX, 0.7))");
  ExpectFunction("span( depth ,0.1)", "expression", "span(depth, 0.1)", "span(depth, 0.1)");
  ExpectFunction("W:(ABS)-(VAR)-(9)", "dsa", "W:(ABS)-(VAR)-(9)", "dsa(var(abs(WX)), 0.08)");
  EXPECT_EQ(Read("owl")->source, "OWL, arXiv 2310.05175");
}

TEST(FunctionArgument, File) {
  const TemporaryFile good(expr::ExpressionJson(*expr::ParseExpression("span(depth, 0.1)")).dump(),
                           ".json");
  ExpectFunction(good.path(), "file", "span(depth, 0.1)", "span(depth, 0.1)");
  EXPECT_EQ(Read(good.path())->source, good.path());

  const TemporaryFile bad(R"({"schema": "strata.allocation-function/1", "tree": 3})", ".json");
  EXPECT_THAT(ErrorOf(bad.path()), AllOf(HasSubstr(bad.path()), HasSubstr("$.tree"),
                                         Not(HasSubstr("as an expression"))));
}

// Every form that was tried, unless one was clearly meant.
TEST(FunctionArgument, ErrorsSayWhatWasTried) {
  EXPECT_THAT(ErrorOf("owi"), AllOf(HasSubstr("as a name: the library has no function 'owi'"),
                                    HasSubstr("nearest is 'owl'"), HasSubstr("as an expression"),
                                    Not(HasSubstr("as a file"))));
  EXPECT_THAT(ErrorOf("span(dept, 0.1)"), HasSubstr("'depth'"));
  EXPECT_THAT(ErrorOf("owl M=x"),
              AllOf(HasSubstr("expected a number for M"), Not(HasSubstr("as an expression"))));
  EXPECT_THAT(ErrorOf("W:(ABS)-(VARIANCE)-(9)"),
              AllOf(HasSubstr("as a DSA string"), Not(HasSubstr("as a name"))));
  EXPECT_THAT(ErrorOf(""), HasSubstr("is not a function"));
}

TEST(FunctionArgument, AMissingFileIsNotCalledAMisspelledName) {
  for (const char* path : {"runs/best.json", "best.json", "best.jsn", "/tmp/none", "../none",
                           "runs of mine/best (1).json", "runs2024/best"}) {
    EXPECT_EQ(ErrorOf(path), std::string("'") + path + "': there is no such file");
  }
  // Quotients have a '/' too.
  for (const char* quotient : {"depth/dept", "0.5/dept"}) {
    EXPECT_THAT(ErrorOf(quotient),
                AllOf(HasSubstr("nearest known name is 'depth'"), Not(HasSubstr("no such file"))));
  }
}

TEST(FunctionArgument, ALongTextIsShownShortenedAndOnce) {
  const std::string deep = [] {
    std::string text = "0.1";
    for (int i = 0; i < 60; ++i) text = "span(" + text + ", 0.1)";
    return text;
  }();
  std::string wide = "depth";
  for (int i = 0; i < 50; ++i) wide += " + span(depth, 0.1) * depth";
  for (const std::string& text :
       {std::string(5000, 'x'), "er " + std::string(5000, 'x'), "owl M=" + std::string(5000, '5'),
        "owl " + std::string(5000, 'x'), "W:(" + std::string(5000, 'A') + ")-(VAR)-(9)",
        "span(" + std::string(5000, 'x') + ", 0.1)", deep, wide}) {
    EXPECT_LT(ErrorOf(text).size(), 500u) << ErrorOf(text);
  }
}

}  // namespace
}  // namespace strata::cli

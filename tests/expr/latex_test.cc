#include "expr/latex.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/expr/any_tree.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

std::string Latex(std::string_view text) { return ToLatex(Parsed(text)); }

TEST(Latex, ShowsNumbersAndOperands) {
  EXPECT_EQ(Latex("span(-var(abslog(WX)), 0.15)"),
            R"(S + 2 \cdot 0.15\left(m - \bar m\right),\ m = \mathrm{mm}\left(-\mathrm{var}\left()"
            R"(\ln\left||W|\|X\|\right|\right)\right))");
  EXPECT_EQ(Latex("depth / size"), R"(\frac{d}{n})");
  EXPECT_EQ(Latex("exp(outliers(5))"), "e^{D_{5}}");
  EXPECT_EQ(Latex("quantile(W, 0.25)"), R"(Q_{0.25}\left(W\right))");
  EXPECT_EQ(Latex("mix(depth, size, 0.25)"), "0.25 d + (1 - 0.25) n");
}

TEST(Latex, ParenthesesStandOnlyWhereNeeded) {
  EXPECT_EQ(Latex("depth + size * alpha"), R"(d + n \cdot \alpha)");
  EXPECT_EQ(Latex("(depth + size) * alpha"), R"(\left(d + n\right) \cdot \alpha)");
  EXPECT_EQ(Latex("depth - size - alpha"), R"(d - n - \alpha)");
  EXPECT_EQ(Latex("depth - (size - alpha)"), R"(d - \left(n - \alpha\right))");
  EXPECT_EQ(Latex("(depth + size) / alpha"), R"(\frac{d + n}{\alpha})");
  EXPECT_EQ(Latex("exp(depth + size)"), "e^{d + n}");
  EXPECT_EQ(Latex("depth - -size"), R"(d - \left(-n\right))");
  EXPECT_EQ(Latex("depth * -2"), R"(d \cdot \left(-2\right))");
  EXPECT_EQ(Latex("-(depth + size)"), R"(-\left(d + n\right))");
  EXPECT_EQ(Latex("-(depth * size)"), R"(-d \cdot n)");
  EXPECT_EQ(Latex("mix(depth + 1, size, 0.5)"), R"(0.5 \left(d + 1\right) + (1 - 0.5) n)");
}

TEST(Latex, SmallNumbersArePowersOfTen) {
  EXPECT_EQ(Latex("depth + 0.00001"), R"(d + 1 \cdot 10^{-5})");
  EXPECT_EQ(Latex("depth + -0.00001"), R"(d + \left(-1 \cdot 10^{-5}\right))");
}

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t i = text.find(part); i != std::string::npos; i = text.find(part, i + part.size())) {
    ++count;
  }
  return count;
}

void ExpectWellFormed(const std::string& latex) {
  int braces = 0;
  for (size_t i = 0; i < latex.size(); ++i) {
    if (latex[i] == '\\') {
      ++i;
      continue;
    }
    braces += latex[i] == '{' ? 1 : latex[i] == '}' ? -1 : 0;
    ASSERT_GE(braces, 0) << latex;
  }
  EXPECT_EQ(braces, 0) << latex;
  EXPECT_EQ(Count(latex, R"(\left)"), Count(latex, R"(\right)")) << latex;
  EXPECT_EQ(latex.find("{}"), std::string::npos) << latex;
  EXPECT_EQ(latex.find_first_of("<>"), std::string::npos) << latex;
  EXPECT_EQ(latex.find("nan"), std::string::npos) << latex;
}

TEST(Latex, EveryTreeIsWellFormed) {
  MersenneTwister random(7);
  std::set<OperatorId> seen;
  for (int k = 0; k < 20000; ++k) {
    const Expression tree = AnyTree(random).Of(ValueType::kAllocation, 1 + k % 7);
    ASSERT_TRUE(Validate(tree).ok()) << PrintExpression(tree);
    ExpectWellFormed(ToLatex(tree));
    seen.insert(tree.op);
  }
  for (size_t i = 0; i < Operators().size(); ++i) {
    const Operator& row = Operators()[i];
    if (row.kind == OperatorKind::kPostprocess || row.kind == OperatorKind::kAdjustment) {
      EXPECT_TRUE(seen.contains(static_cast<OperatorId>(i))) << row.name;
    }
  }
}

// A template that forgets an operand or a number would print another function.
TEST(Latex, TemplatesNameAllOperandsAndNumbers) {
  for (const Operator& row : Operators()) {
    if (row.kind == OperatorKind::kConstant) continue;
    const std::string pattern(row.latex);
    EXPECT_EQ(Count(pattern, "{}"), row.arity) << row.name;
    for (const OperatorParameter& parameter : row.parameters) {
      EXPECT_GE(Count(pattern, std::string("<").append(parameter.name).append(">")), 1)
          << row.name << " " << parameter.name;
    }
  }
}

}  // namespace
}  // namespace strata::expr

#include "expr/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::HasSubstr;

TEST(Expression, TypeComplexityAndDepth) {
  const Expression tree = Parsed("span(-var(abslog(WX)) + depth, 0.1)");
  EXPECT_EQ(TypeOf(tree), ValueType::kAllocation);
  EXPECT_EQ(Complexity(tree), 7);
  EXPECT_EQ(Depth(tree), 6);
  EXPECT_EQ(TypeOf(Parsed("tanh(abs(W))")), ValueType::kTensor);
  EXPECT_EQ(TypeOf(Parsed("tanh(abs(mean(W)))")), ValueType::kUnits);
  EXPECT_EQ(TypeOf(Parsed("normalize(W)")), ValueType::kTensor);
  EXPECT_EQ(TypeOf(Parsed("quantile(W, 0.5)")), ValueType::kUnits);
  EXPECT_EQ(TypeOf(Parsed("mix(depth, size, 0.5)")), ValueType::kUnits);
  EXPECT_EQ(TypeOf(Parsed("within(uniform(), depth, 0.1, 0.1)")), ValueType::kAllocation);
  EXPECT_EQ(TypeOf(Parsed("density(depth)")), ValueType::kAllocation);
}

TEST(Expression, ValidateChecksEveryNode) {
  Expression tree = Parsed("span(depth + size, 0.1)");
  EXPECT_TRUE(Validate(tree).ok());

  Expression broken = tree;
  broken.parameters[0] = std::nan("");
  EXPECT_THAT(std::string(Validate(broken).message()),
              HasSubstr("lambda of 'span' must be between 0.005 and 0.5, found nan"));
  broken.parameters[0] = 0.6;
  EXPECT_FALSE(Validate(broken).ok());
  broken.parameters.clear();
  EXPECT_THAT(std::string(Validate(broken).message()),
              HasSubstr("'span' takes 1 expression and 1 number (lambda), found 1 and 0"));

  broken = tree;
  broken.children[0].children.pop_back();
  EXPECT_FALSE(Validate(broken).ok());

  broken = tree;
  broken.children[0].children[0] = Parsed("abs(WX)");
  EXPECT_THAT(
      std::string(Validate(broken).message()),
      HasSubstr("'+' expects a value of type Units, found Tensor 'abs(WX)'; a reduction such "
                "as mean(...) gives Units in 'abs(WX) + size'"));

  broken = tree;
  broken.op = static_cast<OperatorId>(250);
  EXPECT_FALSE(Validate(broken).ok());
  broken = Parsed("within(uniform(), depth, 0.1, 0.1)");
  std::swap(broken.children[0], broken.children[1]);
  EXPECT_THAT(std::string(Validate(broken).message()),
              HasSubstr("'within' expects a value of type Allocation, found Units 'depth'"));
  EXPECT_FALSE(Validate(Expression{IdOf("abs"), {}, {}}).ok());
  EXPECT_FALSE(Validate(Expression{IdOf("constant"), {INFINITY}, {}}).ok());
  EXPECT_FALSE(Validate(Expression{IdOf("outliers"), {5.5}, {}}).ok());
}

TEST(Expression, ValidateLimitsSize) {
  Expression deep = Parsed("depth");
  for (int i = 1; i < kMaximumDepth; ++i) deep = Expression{IdOf("abs"), {}, {deep}};
  EXPECT_TRUE(Validate(deep).ok());
  deep = Expression{IdOf("abs"), {}, {deep}};
  EXPECT_THAT(std::string(Validate(deep).message()), HasSubstr("64 operators deep"));

  Expression wide = Parsed("depth");
  for (int i = 0; i < 10; ++i) wide = Expression{IdOf("+"), {}, {wide, wide}};
  EXPECT_THAT(std::string(Validate(wide).message()), HasSubstr("at most 1000 nodes"));
}

}  // namespace
}  // namespace strata::expr

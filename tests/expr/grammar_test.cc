#include "expr/grammar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::HasSubstr;

const Operator& Row(std::string_view name) { return *FindOperator(name); }

TEST(Grammar, DescribesWhatStandsInParentheses) {
  EXPECT_EQ(DescribeArguments(Row("depth")), "no arguments");
  EXPECT_EQ(DescribeArguments(Row("outliers")), "1 number (M)");
  EXPECT_EQ(DescribeArguments(Row("density")), "1 expression");
  EXPECT_EQ(DescribeArguments(Row("min")), "2 expressions");
  EXPECT_EQ(DescribeArguments(Row("within")), "2 expressions and 2 numbers (lower, upper)");
}

TEST(Grammar, AcceptsByPlace) {
  using enum ValueType;
  const std::vector<ValueType> types = {kTensor, kUnits, kAllocation};
  const auto accepted = [&types](std::string_view name, size_t child) {
    std::vector<ValueType> found;
    for (const ValueType type : types) {
      if (Accepts(Row(name), child, type)) found.push_back(type);
    }
    return found;
  };
  EXPECT_EQ(accepted("within", 0), std::vector<ValueType>{kAllocation});
  EXPECT_EQ(accepted("within", 1), std::vector<ValueType>{kUnits});
  EXPECT_EQ(accepted("abs", 0), (std::vector<ValueType>{kTensor, kUnits}));
  EXPECT_EQ(accepted("quantile", 0), std::vector<ValueType>{kTensor});
  EXPECT_EQ(accepted("mix", 1), std::vector<ValueType>{kUnits});
  EXPECT_EQ(accepted("span", 0), std::vector<ValueType>{kUnits});
  EXPECT_TRUE(accepted("depth", 0).empty());
}

TEST(Grammar, NamesTheOffendingArgument) {
  const Expression depth = Parsed("depth");
  const Expression wanda = Parsed("WX");
  EXPECT_TRUE(FindFault(Parsed("mix(depth, size, 0.5)")).status.ok());
  EXPECT_EQ(FindFault(Parsed("mix(depth, size, 0.5)")).argument, -1);
  EXPECT_EQ(FindFault({IdOf("mix"), {0.5}, {depth, wanda}}).argument, 1);
  EXPECT_EQ(FindFault({IdOf("mix"), {1.5}, {depth, depth}}).argument, 2);
  EXPECT_EQ(FindFault({IdOf("waterfill"), {0.1, 0.9}, {depth}}).argument, 2);
  const NodeFault arity = FindFault({IdOf("mix"), {0.5}, {depth}});
  EXPECT_EQ(arity.argument, -1);
  EXPECT_THAT(std::string(arity.status.message()),
              HasSubstr("'mix' takes 2 expressions and 1 number (weight), found 1 and 1"));
  EXPECT_FALSE(FindFault({static_cast<OperatorId>(250), {}, {}}).status.ok());
}

TEST(Grammar, NumbersAreReadBack) {
  for (const double value : {0.1, 1e-7, 1e300, 123456789.123, -0.0, 0.30000000000000004}) {
    EXPECT_EQ(std::stod(FormatNumber(value)), value);
  }
  EXPECT_EQ(FormatNumber(0.1), "0.1");
}

}  // namespace
}  // namespace strata::expr

#include "pruning/sparsity_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace strata::pruning {
namespace {

using ::testing::HasSubstr;

TEST(SparsityPatternTest, UnstructuredTakesAnySparsityBelowOne) {
  const auto pattern = PatternFor(0.7123, 0, 576);
  ASSERT_TRUE(pattern.ok());
  EXPECT_FALSE(pattern->structured());
  EXPECT_EQ(pattern->sparsity, 0.7123);
  for (const double bad : {-0.1, 1.0, 1.5, std::nan("")}) {
    EXPECT_EQ(PatternFor(bad, 0, 576).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(SparsityPatternTest, GroupsTakeWholeNumbersOfZeros) {
  const auto pattern = PatternFor(0.375, 8, 576);
  ASSERT_TRUE(pattern.ok());
  EXPECT_EQ(pattern->removed, 3);
  EXPECT_EQ(pattern->group, 8);
  EXPECT_EQ(PatternFor(2.0 / 3.0, 3, 576)->removed, 2);
  EXPECT_EQ(PatternFor(0.0, 4, 576)->removed, 0);
  EXPECT_THAT(std::string(PatternFor(0.4, 8, 576).status().message()),
              HasSubstr("a whole number of zeros in every 8 weights, found the sparsity 0.4"));
  EXPECT_THAT(std::string(PatternFor(0.5, 4, 578).status().message()),
              HasSubstr("divide the 578 inputs"));
  EXPECT_FALSE(PatternFor(0.5, -4, 576).ok());
}

}  // namespace
}  // namespace strata::pruning

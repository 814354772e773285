#include "expr/blockwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "expr/allocation.h"
#include "expr/baselines.h"
#include "tests/expr/random_tables.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::ElementsAre;

// Four blocks of seven linears of three sizes.
UnitLayout Linears() {
  UnitLayout layout;
  for (int block = 0; block < 4; ++block) {
    for (int role = 1; role < kLinearRoles; ++role) {
      const int64_t side = role < 3 ? 8 : role < 5 ? 16 : 24;
      layout.push_back({side * 10, block, role < 5 ? UnitKind::kAttention : UnitKind::kFeedForward,
                        side + 10, static_cast<LinearRole>(role)});
    }
  }
  return layout;
}

TEST(Blockwise, BlocksAreUnitsThemselves) {
  const UnitLayout blocks = BlockLayoutOf(Linears());
  ASSERT_EQ(blocks.size(), 4u);
  EXPECT_TRUE(ValidateLayout(blocks).ok());
  EXPECT_EQ(blocks[2].block, 2);
  EXPECT_EQ(blocks[2].parameters, 10 * (2 * 8 + 2 * 16 + 3 * 24));
  EXPECT_EQ(blocks[2].fan, 2 * 18 + 2 * 26 + 3 * 34);
  EXPECT_EQ(blocks[2].kind, UnitKind::kBlock);
  EXPECT_EQ(blocks[2].role, LinearRole::kNone);
}

TEST(Blockwise, FeaturesOfBlocksHaveATextOfTheirOwn) {
  EXPECT_EQ(BlockwiseFeature("quantile(W, 0.5)"), "blockwise(quantile(W, 0.5))");
  EXPECT_EQ(FeatureOfBlocks("blockwise(quantile(W, 0.5))"), "quantile(W, 0.5)");
  EXPECT_EQ(FeatureOfBlocks("alpha"), std::nullopt);
}

// Means, places and neighbours are those of the four blocks, not of their 28 linears.
TEST(Blockwise, EvaluatesOnBlocks) {
  FeatureTable table(Linears());
  std::vector<double> values;
  for (const Unit& unit : table.layout()) values.push_back(unit.block * unit.block);
  ASSERT_TRUE(table.Add("blockwise(alpha)", values).ok());
  const auto of_blocks = [&](const char* text) {
    const auto all = EvaluateUnits(Parsed(text), table);
    EXPECT_TRUE(all.ok()) << all.status();
    std::vector<double> first;
    for (size_t i = 0; i < all->size(); ++i) {
      const auto block = static_cast<size_t>(table.layout()[i].block);
      if (block == first.size()) first.push_back((*all)[i]);
      EXPECT_EQ((*all)[i], first[block]) << text << ", unit " << i;
    }
    return first;
  };
  EXPECT_THAT(of_blocks("blockwise(alpha)"), ElementsAre(0, 1, 4, 9));
  EXPECT_THAT(of_blocks("blockwise(smooth(alpha))"), ElementsAre(0.5, 5.0 / 3, 14.0 / 3, 6.5));
  EXPECT_THAT(of_blocks("blockwise(cumsum(blockwise(alpha)))"), ElementsAre(0, 1, 5, 14));
  EXPECT_THAT(of_blocks("blockwise(last + attention)"), ElementsAre(0, 0, 0, 1));
  // The logarithm of 0 is infinite, and -1e30 after it.
  EXPECT_THAT(
      of_blocks("blockwise(log(depth)) * (depth - 1)"),
      ElementsAre(1e30, std::log(1.0 / 3) * (1.0 / 3 - 1), std::log(2.0 / 3) * (2.0 / 3 - 1), 0));
}

TEST(Blockwise, AMissingFeatureIsNamedAsItIsMeasured) {
  FeatureTable table(Linears());
  ASSERT_TRUE(table.Add("alpha", std::vector<double>(28, 1.0)).ok());
  const auto values = EvaluateUnits(Parsed("blockwise(alpha)"), table);
  EXPECT_EQ(values.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(values.status().message()).find("'blockwise(alpha)'"), std::string::npos);
}

// A function of blocks gives the same sparsities when it is written for linears.
TEST(Blockwise, PublishedFunctionsGiveTheSameSparsities) {
  const UnitLayout linears = Linears();
  MersenneTwister random(5);
  int compared = 0;
  const std::vector<Baseline> of_blocks = Baselines(BlockLayoutOf(linears), 0.6);
  const std::vector<Baseline> of_linears = BlockwiseBaselines(linears, 0.6);
  ASSERT_EQ(of_blocks.size(), of_linears.size());
  for (size_t b = 0; b < of_blocks.size(); ++b) {
    EXPECT_EQ(of_linears[b].name, of_blocks[b].name + " blockwise");
    for (size_t s = 0; s < of_blocks[b].published.size(); ++s) {
      const Expression& function = of_blocks[b].published[s].expression;
      const Expression& lifted = of_linears[b].published[s].expression;
      const FeatureTable blocks = HostileTable(function, BlockLayoutOf(linears), random);
      FeatureTable fine(linears);
      for (const std::string& feature : RequiredFeatures(function)) {
        ASSERT_TRUE(
            fine.Add(BlockwiseFeature(feature), SpreadOverUnits(*blocks.Find(feature), linears))
                .ok());
      }
      const AllocationTarget target{.sparsity = 0.6};
      const auto expected = EvaluateAllocation(function, blocks, target);
      const auto actual = EvaluateAllocation(lifted, fine, target);
      ASSERT_TRUE(expected.ok()) << expected.status();
      ASSERT_TRUE(actual.ok()) << actual.status();
      for (size_t i = 0; i < linears.size(); ++i) {
        EXPECT_NEAR((*actual)[i], (*expected)[static_cast<size_t>(linears[i].block)], 1e-12)
            << PrintExpression(lifted) << ", unit " << i;
      }
      ++compared;
    }
  }
  EXPECT_GT(compared, 10);
}

TEST(Blockwise, WritesFunctionsOfBlocksForFinerUnits) {
  const auto lifted = [](const char* text) { return PrintExpression(Blockwise(Parsed(text))); };
  EXPECT_EQ(lifted("uniform()"), "uniform()");
  EXPECT_EQ(lifted("span(blockwise(depth), 0.1)"), "span(blockwise(depth), 0.1)");
  EXPECT_EQ(lifted("within(span(-gini(W), 0.1), fan, 0.1, 0.1)"), "span(blockwise(-gini(W)), 0.1)");
  EXPECT_EQ(lifted("shift(span(-gini(W), 0.1), last, -0.2)"),
            "shift(span(blockwise(-gini(W)), 0.1), blockwise(last), -0.2)");
}

TEST(Shift, AddsPlacesAndKeepsTheTarget) {
  FeatureTable table(Linears());
  const AllocationTarget target{.sparsity = 0.5};
  const auto shifted = EvaluateAllocation(Parsed("shift(uniform(), query, 0.2)"), table, target);
  ASSERT_TRUE(shifted.ok()) << shifted.status();
  EXPECT_NEAR(MeanSparsity(*shifted, table.parameters()), 0.5, 1e-12);
  const double share = 8.0 / (2 * 8 + 2 * 16 + 3 * 24);  // of the weights that are queries'
  EXPECT_NEAR((*shifted)[0], 0.5 + 0.2 * (1 - share), 1e-12);
  for (size_t i = 1; i < 7; ++i) EXPECT_NEAR((*shifted)[i], 0.5 - 0.2 * share, 1e-12);
  // Its size counts from the lowest to the highest value, so a multiple shifts no further.
  const auto multiple =
      EvaluateAllocation(Parsed("shift(uniform(), -30 * query, -0.2)"), table, target);
  for (size_t i = 0; i < shifted->size(); ++i) EXPECT_NEAR((*multiple)[i], (*shifted)[i], 1e-12);
}

}  // namespace
}  // namespace strata::expr

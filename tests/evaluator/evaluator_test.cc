#include "evaluator/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;

constexpr expr::UnitKind kAttention = expr::UnitKind::kAttention;
constexpr expr::UnitKind kFeedForward = expr::UnitKind::kFeedForward;

ModelSummary SmallModel() {
  ModelSummary model;
  model.blocks = 2;
  model.linears = {{"a", 0, 2, 3, kAttention},
                   {"b", 0, 5, 7, kFeedForward},
                   {"c", 0, 4, 7, kFeedForward},
                   {"a", 1, 11, 13, kAttention}};
  return model;
}

TEST(UnitsOf, NamesUnitsAndTheirLinearsAtEveryGranularity) {
  const auto by_block = UnitsOf(SmallModel(), Granularity::kBlock);
  ASSERT_EQ(by_block.size(), 2u);
  EXPECT_EQ(by_block[1].name, "1");
  EXPECT_THAT(by_block[0].linears, ElementsAre(0, 1, 2));
  const auto by_kind = UnitsOf(SmallModel(), Granularity::kKind);
  ASSERT_EQ(by_kind.size(), 3u);
  EXPECT_EQ(by_kind[0].name, "0.attention");
  EXPECT_EQ(by_kind[1].name, "0.feed-forward");
  EXPECT_EQ(by_kind[2].name, "1.attention");
  EXPECT_THAT(by_kind[1].linears, ElementsAre(1, 2));
  const auto by_linear = UnitsOf(SmallModel(), Granularity::kLinear);
  ASSERT_EQ(by_linear.size(), 4u);
  EXPECT_EQ(by_linear[2].name, "0.c");
}

TEST(LayoutOf, CountsWeightsAndFan) {
  const expr::UnitLayout by_block = LayoutOf(SmallModel(), Granularity::kBlock);
  EXPECT_THAT(expr::ParametersOf(by_block), ElementsAre(6 + 35 + 28, 143));
  EXPECT_EQ(by_block[0].fan, 5 + 12 + 11);
  EXPECT_EQ(by_block[0].kind, expr::UnitKind::kBlock);
  EXPECT_EQ(by_block[1].block, 1);
  const expr::UnitLayout by_kind = LayoutOf(SmallModel(), Granularity::kKind);
  EXPECT_THAT(expr::ParametersOf(by_kind), ElementsAre(6, 63, 143));
  EXPECT_EQ(by_kind[1].kind, kFeedForward);
  EXPECT_EQ(by_kind[2].kind, kAttention);
  EXPECT_THAT(expr::ParametersOf(LayoutOf(SmallModel(), Granularity::kLinear)),
              ElementsAre(6, 35, 28, 143));
}

TEST(LayoutOf, OnlySingleLinearsHaveARole) {
  ModelSummary model = SmallModel();
  model.linears[0].role = expr::LinearRole::kQuery;
  EXPECT_EQ(LayoutOf(model, Granularity::kLinear)[0].role, expr::LinearRole::kQuery);
  EXPECT_EQ(LayoutOf(model, Granularity::kKind)[0].role, expr::LinearRole::kNone);
  EXPECT_EQ(LayoutOf(model, Granularity::kBlock)[0].role, expr::LinearRole::kNone);
}

TEST(CheckGroup, EveryLinearMustBeDivided) {
  EXPECT_TRUE(CheckGroup(SmallModel(), 0).ok());
  EXPECT_TRUE(CheckGroup(SmallModel(), 1).ok());
  const std::string message(CheckGroup(SmallModel(), 7).message());
  EXPECT_EQ(message, "group: expected a number that divides the 3 inputs of a in block 0, found 7");
  EXPECT_FALSE(CheckGroup(SmallModel(), -1).ok());
}

TEST(LayoutOf, DoesNotOverflowThirtyTwoBits) {
  ModelSummary model;
  model.blocks = 1;
  model.linears = {{"a", 0, 100000, 100000}};
  EXPECT_THAT(expr::ParametersOf(LayoutOf(model, Granularity::kBlock)), ElementsAre(10000000000));
}

}  // namespace
}  // namespace strata::evaluator

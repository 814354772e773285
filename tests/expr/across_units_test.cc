#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "expr/kernels.h"

namespace strata::expr {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Pointwise;

using Values = std::vector<double>;

UnitLayout Blocks(size_t units) { return SquareBlocks(std::vector<int64_t>(units, 1)); }

Values Apply(const std::string& name, const Values& x, const UnitLayout& layout) {
  KernelScratch scratch(x.size());
  Values out(x.size());
  AcrossUnitsKernelOf(IdOf(name))(x, layout, scratch, out);
  return out;
}

Values Apply(const std::string& name, const Values& x) { return Apply(name, x, Blocks(x.size())); }

Values MinMaxOf(const Values& x) {
  Values out(x.size());
  MinMax(x, out);
  return out;
}

using Placing = void (*)(std::span<const double>, KernelScratch&, std::span<double>);

Values Placed(Placing placing, const Values& x) {
  KernelScratch scratch(x.size());
  Values out(x.size());
  placing(x, scratch, out);
  return out;
}

TEST(AcrossUnits, EveryRowHasAKernelAndATestVector) {
  const Values x = {3, 1, 1, 7};
  const double sum = std::exp(3) + 2 * std::exp(1) + std::exp(7);
  const std::map<std::string, Values> expected = {
      {"minmax", {2.0 / 6, 0, 0, 1}},
      {"ranks", {2.0 / 3, 0.5 / 3, 0.5 / 3, 1}},
      {"zscore", {0, -2 / std::sqrt(6), -2 / std::sqrt(6), 4 / std::sqrt(6)}},
      {"suffixmean", {3, 3, 4, 7}},
      {"reverse", {7, 1, 1, 3}},
      {"softmax", {std::exp(3) / sum, std::exp(1) / sum, std::exp(1) / sum, std::exp(7) / sum}},
      {"smooth", {2, 5.0 / 3, 3, 4}},
      {"cumsum", {3, 4, 5, 12}},
      {"kindminmax", {2.0 / 6, 0, 0, 1}},
  };
  for (size_t i = 0; i < Operators().size(); ++i) {
    const OperatorId id = static_cast<OperatorId>(i);
    const std::string name(OperatorOf(id).name);
    // blockwise is evaluated on other units, see blockwise_test.
    if (OperatorOf(id).kind != OperatorKind::kAcrossUnits || name == "blockwise") {
      EXPECT_EQ(AcrossUnitsKernelOf(id), nullptr) << name;
      continue;
    }
    ASSERT_NE(AcrossUnitsKernelOf(id), nullptr) << name;
    ASSERT_TRUE(expected.contains(name)) << name;
    EXPECT_THAT(Apply(name, x), Pointwise(DoubleNear(1e-14), expected.at(name))) << name;
    EXPECT_EQ(Apply(name, {5}).size(), 1) << name;
  }
}

TEST(AcrossUnits, ConstantsHaveNoSpread) {
  EXPECT_THAT(Apply("minmax", {4, 4, 4}), Each(0.0));
  EXPECT_THAT(Apply("zscore", {4, 4, 4}), Each(0.0));
  EXPECT_THAT(Apply("ranks", {4, 4, 4}), Each(0.5));
  EXPECT_THAT(Apply("ranks", {4}), Each(0.0));
}

TEST(AcrossUnits, HugeValuesDoNotOverflow) {
  EXPECT_THAT(MinMaxOf({-1.5e308, 0, 1.5e308}), ElementsAre(0, 0.5, 1));
  EXPECT_THAT(Apply("zscore", {-1.5e308, 1.5e308}), ElementsAre(-1, 1));
  EXPECT_THAT(Apply("softmax", {1e308, -1e308}), ElementsAre(1, 0));
}

TEST(AcrossUnits, NanIsSmallestInOrderAndSpreadsInScaling) {
  const double nan = std::nan("");
  EXPECT_THAT(Placed(Places, {nan, -1e300, 5, -nan}), ElementsAre(0.5, 2, 3, 0.5));
  EXPECT_THAT(Placed(DensePlaces, {nan, -1e300, 5, -nan}), ElementsAre(0, 1, 2, 0));
  for (const double value : MinMaxOf({1, nan, 3})) EXPECT_TRUE(std::isnan(value));
}

TEST(AcrossUnits, KindMinMaxScalesEachKindAlone) {
  const UnitLayout layout = {{1, 0, UnitKind::kAttention, 2}, {1, 0, UnitKind::kFeedForward, 2},
                             {1, 1, UnitKind::kAttention, 2}, {1, 1, UnitKind::kFeedForward, 2},
                             {1, 2, UnitKind::kBlock, 2},     {1, 3, UnitKind::kAttention, 2}};
  EXPECT_THAT(Apply("kindminmax", {1, 100, 3, 300, 7, 2}, layout), ElementsAre(0, 0, 1, 1, 0, 0.5));
  const double nan = std::nan("");
  const Values values = Apply("kindminmax", {1, nan, 3, 300, 7, 2}, layout);
  EXPECT_THAT((Values{values[0], values[2], values[4], values[5]}), ElementsAre(0, 1, 0, 0.5));
  EXPECT_TRUE(std::isnan(values[1]) && std::isnan(values[3])) << "its own kind only";
}

TEST(AcrossUnits, PlacesShareAndDensePlacesCountDistinctValues) {
  EXPECT_THAT(Placed(Places, {5, 1, 5, 0.0, -0.0, 5}), ElementsAre(4, 2, 4, 0.5, 0.5, 4));
  EXPECT_THAT(Placed(DensePlaces, {5, 1, 5, 0.0, -0.0, 5}), ElementsAre(2, 1, 2, 0, 0, 2));
}

}  // namespace
}  // namespace strata::expr

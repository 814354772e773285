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

Values Apply(const std::string& name, const Values& x) {
  return AcrossLayersKernelOf(IdOf(name))(x);
}

TEST(AcrossLayers, EveryRowHasAKernelAndATestVector) {
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
  };
  for (size_t i = 0; i < Operators().size(); ++i) {
    const OperatorId id = static_cast<OperatorId>(i);
    const std::string name(OperatorOf(id).name);
    if (OperatorOf(id).kind != OperatorKind::kAcrossLayers) {
      EXPECT_EQ(AcrossLayersKernelOf(id), nullptr) << name;
      continue;
    }
    ASSERT_NE(AcrossLayersKernelOf(id), nullptr) << name;
    ASSERT_TRUE(expected.contains(name)) << name;
    EXPECT_THAT(Apply(name, x), Pointwise(DoubleNear(1e-14), expected.at(name))) << name;
    EXPECT_EQ(Apply(name, {5}).size(), 1) << name;
  }
}

TEST(AcrossLayers, ConstantsHaveNoSpread) {
  EXPECT_THAT(Apply("minmax", {4, 4, 4}), Each(0.0));
  EXPECT_THAT(Apply("zscore", {4, 4, 4}), Each(0.0));
  EXPECT_THAT(Apply("ranks", {4, 4, 4}), Each(0.5));
  EXPECT_THAT(Apply("ranks", {4}), Each(0.0));
}

TEST(AcrossLayers, HugeValuesDoNotOverflow) {
  EXPECT_THAT(MinMax(Values{-1.5e308, 0, 1.5e308}), ElementsAre(0, 0.5, 1));
  EXPECT_THAT(Apply("zscore", {-1.5e308, 1.5e308}), ElementsAre(-1, 1));
  EXPECT_THAT(Apply("softmax", {1e308, -1e308}), ElementsAre(1, 0));
}

TEST(AcrossLayers, NanIsSmallestInOrderAndSpreadsInScaling) {
  const double nan = std::nan("");
  EXPECT_THAT(Places(Values{nan, -1e300, 5, nan}), ElementsAre(0.5, 2, 3, 0.5));
  for (const double value : MinMax(Values{1, nan, 3})) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace strata::expr

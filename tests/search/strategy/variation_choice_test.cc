#include "search/strategy/variation_choice.h"

#include <gtest/gtest.h>

#include <array>

#include "search/strategy/random.h"

namespace strata::search {
namespace {

std::array<double, VariationChoice::kVariations> Shares(const VariationChoice& choice) {
  const auto random = MakeRandomGenerator(3);
  std::array<double, VariationChoice::kVariations> shares{};
  for (int i = 0; i < 20000; ++i) shares[choice.Draw(*random)] += 1.0 / 20000;
  return shares;
}

TEST(VariationChoice, FollowsTheWeights) {
  expr::VariationOptions options;
  options.crossover_probability = 0.4;
  options.delete_weight = 0;
  const auto shares = Shares(VariationChoice(options, true));
  EXPECT_NEAR(shares[VariationChoice::kCrossover], 0.4, 0.02);
  // Perturbation has 3 of the other weights' 10.5 - 1.
  EXPECT_NEAR(shares[1], 0.6 * 3 / 10.5, 0.02);
  EXPECT_EQ(shares[6], 0);
}

TEST(VariationChoice, EveryMutationHasItsOwnOptions) {
  const VariationChoice choice({}, false);
  EXPECT_EQ(choice.OptionsOf(1).perturb_parameter_weight, 1);
  EXPECT_EQ(choice.OptionsOf(1).graft_weight, 0);
  EXPECT_EQ(choice.OptionsOf(10).graft_weight, 1);
  EXPECT_EQ(choice.OptionsOf(10).perturb_parameter_weight, 0);
}

TEST(VariationChoice, SuccessShiftsTheWeightsOnlyWhereAdaptive) {
  for (const bool adaptive : {false, true}) {
    VariationChoice choice({}, adaptive);
    const double before = Shares(choice)[2];
    for (int i = 0; i < 300; ++i) {
      choice.Credit(1, false);
      choice.Credit(2, true);
    }
    const auto after = Shares(choice);
    if (adaptive) {
      EXPECT_GT(after[2], 1.3 * before);
      EXPECT_LT(after[1], 0.5 * 0.6 * 3 / 10.5);
      EXPECT_GT(after[1], 0);
    } else {
      EXPECT_NEAR(after[2], before, 1e-12);
    }
  }
}

}  // namespace
}  // namespace strata::search

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
  const auto shares = Shares(VariationChoice(options));
  EXPECT_NEAR(shares[VariationChoice::kCrossover], 0.4, 0.02);
  // Perturbation has 3 of the other weights' 10.5 - 1.
  EXPECT_NEAR(shares[1], 0.6 * 3 / 10.5, 0.02);
  EXPECT_EQ(shares[6], 0);
}

TEST(VariationChoice, EveryMutationHasItsOwnOptions) {
  const VariationChoice choice({});
  EXPECT_EQ(choice.OptionsOf(1).perturb_parameter_weight, 1);
  EXPECT_EQ(choice.OptionsOf(1).graft_weight, 0);
  EXPECT_EQ(choice.OptionsOf(10).graft_weight, 1);
  EXPECT_EQ(choice.OptionsOf(10).perturb_parameter_weight, 0);
}

}  // namespace
}  // namespace strata::search

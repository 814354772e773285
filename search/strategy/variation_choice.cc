#include "search/strategy/variation_choice.h"

#include <algorithm>
#include <numeric>

namespace strata::search {
namespace {

using Weight = double expr::VariationOptions::*;

// In the order of the numbers; crossover has a probability of its own.
constexpr Weight kMutations[] = {
    &expr::VariationOptions::perturb_parameter_weight,
    &expr::VariationOptions::replace_operator_weight,
    &expr::VariationOptions::swap_source_weight,
    &expr::VariationOptions::replace_subtree_weight,
    &expr::VariationOptions::insert_weight,
    &expr::VariationOptions::delete_weight,
    &expr::VariationOptions::hoist_weight,
    &expr::VariationOptions::combine_weight,
    &expr::VariationOptions::refine_weight,
    &expr::VariationOptions::graft_weight,
};
static_assert(std::size(kMutations) + 1 == VariationChoice::kVariations);

constexpr double kFading = 0.99;    // of all counts with every offspring
constexpr double kPriorTries = 10;  // at the mean share of success, before there is evidence
constexpr double kSmallestFactor = 0.2;
constexpr double kLargestFactor = 5;

}  // namespace

VariationChoice::VariationChoice(const expr::VariationOptions& options, bool adaptive)
    : adaptive_(adaptive) {
  double total = 0;
  for (const Weight weight : kMutations) total += options.*weight;
  weights_[kCrossover] = options.crossover_probability;
  only_[kCrossover] = options;
  for (size_t i = 0; i < std::size(kMutations); ++i) {
    const double share = total > 0 ? options.*kMutations[i] / total : 0;
    weights_[i + 1] = (1 - options.crossover_probability) * share;
    only_[i + 1] = options;
    for (const Weight weight : kMutations) only_[i + 1].*weight = 0;
    only_[i + 1].*kMutations[i] = 1;
  }
}

size_t VariationChoice::Draw(expr::RandomGenerator& random) const {
  std::array<double, kVariations> weights = weights_;
  const double tried = std::accumulate(tried_.begin(), tried_.end(), 0.0);
  const double succeeded = std::accumulate(succeeded_.begin(), succeeded_.end(), 0.0);
  if (adaptive_ && succeeded > 0) {
    const double mean = succeeded / tried;
    for (size_t i = 0; i < kVariations; ++i) {
      const double share = (succeeded_[i] + kPriorTries * mean) / (tried_[i] + kPriorTries);
      weights[i] *= std::clamp(share / mean, kSmallestFactor, kLargestFactor);
    }
  }
  double point = random.Uniform(0, std::accumulate(weights.begin(), weights.end(), 0.0));
  size_t chosen = kCrossover;
  for (size_t i = 0; i < kVariations; ++i) {
    if (weights[i] == 0) continue;
    chosen = i;
    point -= weights[i];
    if (point < 0) break;
  }
  return chosen;
}

void VariationChoice::Credit(size_t variation, bool succeeded) {
  for (double& count : tried_) count *= kFading;
  for (double& count : succeeded_) count *= kFading;
  tried_[variation] += 1;
  if (succeeded) succeeded_[variation] += 1;
}

}  // namespace strata::search

#include "search/strategy/variation_choice.h"

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
    &expr::VariationOptions::adjust_weight,
    &expr::VariationOptions::graft_weight,
};
static_assert(std::size(kMutations) + 1 == VariationChoice::kVariations);

}  // namespace

VariationChoice::VariationChoice(const expr::VariationOptions& options) {
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
  double point = random.Uniform(0, std::accumulate(weights_.begin(), weights_.end(), 0.0));
  size_t chosen = kCrossover;
  for (size_t i = 0; i < kVariations; ++i) {
    if (weights_[i] == 0) continue;
    chosen = i;
    point -= weights_[i];
    if (point < 0) break;
  }
  return chosen;
}

}  // namespace strata::search

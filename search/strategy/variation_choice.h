// Draws the variation that makes an offspring.
#ifndef STRATA_SEARCH_STRATEGY_VARIATION_CHOICE_H_
#define STRATA_SEARCH_STRATEGY_VARIATION_CHOICE_H_

#include <array>
#include <cstddef>

#include "expr/variation.h"

namespace strata::search {

// Crossover is drawn with its probability in the options. Otherwise, one of the mutations of
// expr/variation.h is drawn in proportion to its weight.
class VariationChoice {
 public:
  static constexpr size_t kVariations = 11;
  static constexpr size_t kCrossover = 0;

  explicit VariationChoice(const expr::VariationOptions& options);

  // Returns kCrossover or the number of a mutation, with one draw of `random`.
  size_t Draw(expr::RandomGenerator& random) const;

  // Returns the options with the weights of all other mutations 0; for kCrossover, the options as
  // they are.
  const expr::VariationOptions& OptionsOf(size_t variation) const { return only_[variation]; }

 private:
  std::array<double, kVariations> weights_{};
  std::array<expr::VariationOptions, kVariations> only_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_VARIATION_CHOICE_H_

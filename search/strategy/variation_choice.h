// Which variation makes an offspring, by weights that may follow success.
#ifndef STRATA_SEARCH_VARIATION_CHOICE_H_
#define STRATA_SEARCH_VARIATION_CHOICE_H_

#include <array>
#include <cstddef>

#include "expr/variation.h"

namespace strata::search {

// Crossover and the mutations of expr/variation.h, each drawn by its weight in the options. Where
// adaptive, the weight is multiplied by the share of its offspring that were good enough to become
// parents, relative to the mean share of all (probability matching; D. Thierens, "An adaptive
// pursuit strategy for allocating operator probabilities", GECCO 2005), and never falls below a
// fifth. Not thread-safe.
class VariationChoice {
 public:
  static constexpr size_t kVariations = 11;
  static constexpr size_t kCrossover = 0;

  VariationChoice(const expr::VariationOptions& options, bool adaptive);

  // kCrossover or the number of a mutation.
  size_t Draw(expr::RandomGenerator& random) const;

  // The options with the weights of all other mutations 0.
  const expr::VariationOptions& OptionsOf(size_t variation) const { return only_[variation]; }

  // What became of one offspring of `variation`.
  void Credit(size_t variation, bool succeeded);

 private:
  const bool adaptive_;
  std::array<double, kVariations> weights_{};
  std::array<double, kVariations> tried_{}, succeeded_{};  // fading counts
  std::array<expr::VariationOptions, kVariations> only_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_VARIATION_CHOICE_H_

// Random trees, crossover and mutation. Every result is valid, of type Allocation and within the
// limits, whatever the sizes of the trees that came in. Numbers are drawn with three significant
// digits, so that formulas stay readable. The options must be valid (ValidateOptions). The
// generator is always the first argument; nothing here keeps state.
#ifndef STRATA_EXPR_VARIATION_H_
#define STRATA_EXPR_VARIATION_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "expr/expression.h"

namespace strata::expr {

// The source of all randomness. Implementations must be platform-independent and deterministic.
class RandomGenerator {
 public:
  virtual ~RandomGenerator() = default;
  virtual uint64_t Below(uint64_t bound) = 0;                  // uniform in [0, bound), bound > 0
  virtual double Uniform(double minimum, double maximum) = 0;  // uniform in [minimum, maximum)
  virtual double Normal() = 0;                                 // mean 0, variance 1
};

struct VariationOptions {
  int maximum_nodes = 16;  // larger trees are never produced
  int maximum_depth = 8;
  double crossover_probability = 0.4;  // otherwise one mutation
  // Relative weights of the mutations.
  double perturb_parameter_weight =
      3.0;  // Gaussian step of one parameter, relative to its range or magnitude
  double replace_operator_weight = 2.0;  // another operator of the same signature
  double replace_subtree_weight = 1.0;
  double insert_weight = 1.0;   // a unary operator above a node
  double delete_weight = 1.0;   // a unary operator replaced by its child
  double combine_weight = 1.0;  // a Layers subtree becomes a binary operation with a random one
  // Names of sources that random trees may use; all others stay reachable through the seeds.
  std::vector<std::string> sources = {"WX",       "W",          "X",        "depth",
                                      "outliers", "redundancy", "influence"};
};

// Known sources, limits within those of Validate, weights finite and not negative, a probability.
absl::Status ValidateOptions(const VariationOptions& options);

Expression RandomExpression(RandomGenerator& random, const VariationOptions& options);

// A child that takes a subtree of `second` in place of one of the same type in `first`. A mutation
// of `first` if no exchange within the limits is found that changes it.
Expression Crossover(RandomGenerator& random, const Expression& first, const Expression& second,
                     const VariationOptions& options);

// One mutation, drawn by the weights among those that apply and change the tree. A random
// expression if none is found, which happens to `uniform()` and to trees beyond the limits.
Expression Mutate(RandomGenerator& random, const Expression& expression,
                  const VariationOptions& options);

}  // namespace strata::expr

#endif  // STRATA_EXPR_VARIATION_H_

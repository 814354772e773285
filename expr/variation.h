// Random trees, crossover and mutation. Every result is valid, of type Allocation and within the
// limits, whatever the sizes of the input trees. Numbers are drawn with three significant digits,
// so that formulas stay readable. The options must be valid (ValidateOptions). The generator is
// always the first argument, and nothing here keeps state.
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
  // Probability that a child has two parents. Otherwise it has one parent and one mutation.
  // Mutations are the majority because a good function is small: most exchanges of subtrees replace
  // half of it.
  double crossover_probability = 0.4;
  // Relative weights of the mutations. Changes of numbers and operators come first. A good function
  // most often stays good if the rest of it is unchanged. The first weight is that of a Gaussian
  // step of one parameter, relative to its range or magnitude.
  double perturb_parameter_weight = 3.0;
  double replace_operator_weight = 2.0;  // another operator above the same operands
  double swap_source_weight = 1.0;       // another source of the same type, with drawn parameters
  double replace_subtree_weight = 1.0;   // a random subtree of the same type
  double insert_weight = 1.0;  // a unary operator above a node, an adjustment above an allocation
  double delete_weight = 1.0;  // such an operator replaced by its first operand
  double hoist_weight = 0.5;   // a node replaced by one below it of the same type, which is smaller
  double combine_weight = 1.0;  // a Units subtree becomes a binary operation with a random one
  double adjust_weight = 0.0;   // an adjustment above an allocation: within, shift
  double graft_weight = 1.0;    // a subtree of the same type taken from a library function
  // Names of the sources that random trees and mutations may use. All other sources can still enter
  // through the seeds. The defaults say something about whole blocks. They are free, measured in
  // one pass, or measured in the time of a few evaluations (`distortion`). `fan`, `size`,
  // `attention` and the marks of roles (`query`, ...) are not among them because they differ only
  // among finer units or unequal blocks.
  std::vector<std::string> sources = {"WX",       "W",          "X",         "depth",     "last",
                                      "outliers", "redundancy", "influence", "distortion"};
  // Names of the operators that random trees and mutations do not introduce. Operators of the
  // parents may stay and cross over. The defaults are excluded for these reasons:
  // - matrixrank, logdet, stablerank, spectraltail: need a spectrum of every matrix, which takes
  //   minutes to measure
  // - kindminmax, blockwise: change nothing if a unit is a whole block
  // - shift: is made for differences among the linears of a block
  // - within: changes nothing for whole blocks either; for linears, its boxes are most often far
  //   too wide
  // - nm: gives allocations that only make sense in runs that prune n of M
  // - direct: takes values for sparsities; those of random trees are nearly always clamped
  // - density: prunes a unit with a high value less, so that subtrees mean the opposite under it
  std::vector<std::string> excluded = {"matrixrank", "logdet",     "stablerank", "spectraltail",
                                       "within",     "kindminmax", "blockwise",  "shift",
                                       "nm",         "direct",     "density"};
  // Functions of type Units that stand beside the sources: random trees and mutations take them
  // whole, as leaves.
  std::vector<Expression> terms;
  // Functions from which grafts are taken. Subtrees with excluded operators are not taken. If there
  // are no functions, there are no grafts.
  std::vector<Expression> library;
};

// Checks that sources and operators are known, limits are within those of Validate, weights are
// finite and not negative, the probability is in [0, 1] and the library is valid. `constant` and
// `uniform` cannot be excluded, because trees fall back on them if nothing else fits. Errors:
// InvalidArgument. For an unknown name it gives the nearest known one.
absl::Status ValidateOptions(const VariationOptions& options);

Expression RandomExpression(RandomGenerator& random, const VariationOptions& options);

// Returns a child that takes a subtree of `second` in place of one of the same type in `first`. An
// allocation is replaced only below an adjustment, since the child would otherwise be `second`. If
// no exchange is found that changes `first` and stays within the limits, returns a mutation of
// `first`.
Expression Crossover(RandomGenerator& random, const Expression& first, const Expression& second,
                     const VariationOptions& options);

// Applies one mutation, drawn by the weights among those that apply and change the tree. Returns a
// random expression if none is found in 32 draws. That happens to `uniform()` and to trees beyond
// the limits.
Expression Mutate(RandomGenerator& random, const Expression& expression,
                  const VariationOptions& options);

}  // namespace strata::expr

#endif  // STRATA_EXPR_VARIATION_H_

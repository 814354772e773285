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
  // Of a child of two parents; otherwise it has one parent and one mutation. Mutations are the
  // majority because a good function is small: most exchanges of subtrees replace half of it.
  double crossover_probability = 0.4;
  // Relative weights of the mutations. Numbers and operators come first, because a change that
  // leaves the rest of a good function as it is most often stays good.
  double perturb_parameter_weight =
      3.0;  // Gaussian step of one parameter, relative to its range or magnitude
  double replace_operator_weight = 2.0;  // another operator above the same operands
  double swap_source_weight = 1.0;       // another source of the same type, with drawn parameters
  double replace_subtree_weight = 1.0;   // a random subtree of the same type
  double insert_weight = 1.0;  // a unary operator above a node, or `within` above an allocation
  double delete_weight = 1.0;  // such an operator replaced by its first operand
  double hoist_weight = 0.5;   // a node replaced by one below it of the same type: functions shrink
  double combine_weight = 1.0;  // a Layers subtree becomes a binary operation with a random one
  double refine_weight = 0.0;   // a refinement above an allocation: within, shift
  double graft_weight = 1.0;    // a subtree of a library function instead of one of the same type
  // Names of sources that random trees and mutations may use; all others stay reachable through the
  // seeds. The defaults are measured in one pass, in a few evaluations' time (`distortion`) or are
  // free, and say something about whole blocks; `fan`, `size`, `attention` and the marks of roles
  // (`query`, ...) differ only among finer units or unequal blocks.
  std::vector<std::string> sources = {"WX",       "W",          "X",         "depth",     "last",
                                      "outliers", "redundancy", "influence", "distortion"};
  // Names of operators that random trees and mutations do not introduce; what the parents hold may
  // stay and cross over. By default:
  // - matrixrank, logdet, stablerank, spectraltail: a spectrum of every matrix, minutes to measure
  // - kindminmax, blockwise: change nothing where a unit is a whole block
  // - shift: made for what tells the linears of a block apart
  // - within: changes nothing there either, and for linears its boxes are most often far too wide
  // - nm: its allocations only make sense in runs that prune N of M
  // - direct: takes values for sparsities, and those of random trees are nearly always clamped
  // - density: a high value is pruned less, so that subtrees mean the opposite under it
  std::vector<std::string> excluded = {"matrixrank", "logdet",     "stablerank", "spectraltail",
                                       "within",     "kindminmax", "blockwise",  "shift",
                                       "nm",         "direct",     "density"};
  // Functions that grafts are taken from, but for subtrees with excluded operators. Without any,
  // there are no grafts.
  std::vector<Expression> library;
};

// Known sources and operators, limits within those of Validate, weights finite and not negative, a
// probability, a valid library. `constant` and `uniform`, which trees fall back on where nothing
// else fits, cannot be excluded. Errors name the nearest known name.
absl::Status ValidateOptions(const VariationOptions& options);

Expression RandomExpression(RandomGenerator& random, const VariationOptions& options);

// A child that takes a subtree of `second` in place of one of the same type in `first`; an
// allocation only below `within`, else the child would be `second`. A mutation of `first` if no
// exchange within the limits is found that changes it.
Expression Crossover(RandomGenerator& random, const Expression& first, const Expression& second,
                     const VariationOptions& options);

// One mutation, drawn by the weights among those that apply and change the tree. A random
// expression if none is found in 32 draws, which happens to `uniform()` and to trees beyond the
// limits.
Expression Mutate(RandomGenerator& random, const Expression& expression,
                  const VariationOptions& options);

}  // namespace strata::expr

#endif  // STRATA_EXPR_VARIATION_H_

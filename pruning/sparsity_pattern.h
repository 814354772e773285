// The places that the zeros of a pruned linear may have.
#ifndef STRATA_PRUNING_SPARSITY_PATTERN_H_
#define STRATA_PRUNING_SPARSITY_PATTERN_H_

#include <absl/status/statusor.h>

#include <cstdint>

namespace strata::pruning {

// An unstructured pattern, or n:M: in every group of M neighbouring inputs of a row, n weights are
// zero.
struct SparsityPattern {
  double sparsity = 0;  // share of zeros, in [0, 1); n / M if `group` is set
  int64_t group = 0;    // M; 0 for unstructured
  int64_t removed = 0;  // n, if `group` is set

  bool structured() const { return group > 0; }
};

// Returns the pattern of one linear of `columns` inputs. `group` 0 asks for unstructured zeros.
// Errors: InvalidArgument, with what was expected, for a sparsity outside [0, 1), a group that does
// not divide the columns, or a sparsity that is no whole number of zeros per group (within 1e-6).
absl::StatusOr<SparsityPattern> PatternFor(double sparsity, int64_t group, int64_t columns);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SPARSITY_PATTERN_H_

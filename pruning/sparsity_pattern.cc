#include "pruning/sparsity_pattern.h"

#include <fmt/format.h>

#include <cmath>

namespace strata::pruning {

absl::StatusOr<SparsityPattern> PatternFor(double sparsity, int64_t group, int64_t columns) {
  // The comparisons are written so that NaN fails.
  if (!(sparsity >= 0.0 && sparsity < 1.0)) {
    return absl::InvalidArgumentError(
        fmt::format("expected a sparsity of at least 0 and less than 1, found {}", sparsity));
  }
  if (group == 0) return SparsityPattern{.sparsity = sparsity};
  if (group < 0 || columns % group != 0) {
    return absl::InvalidArgumentError(fmt::format(
        "expected groups that divide the {} inputs of a row, found groups of {}", columns, group));
  }
  const double wanted = sparsity * static_cast<double>(group);
  const double removed = std::round(wanted);
  constexpr double kTolerance = 1e-6;
  if (std::fabs(wanted - removed) > kTolerance * static_cast<double>(group)) {
    return absl::InvalidArgumentError(
        fmt::format("expected a whole number of zeros in every {} weights, found the sparsity {}, "
                    "which asks for {}",
                    group, sparsity, wanted));
  }
  return SparsityPattern{.sparsity = removed / static_cast<double>(group),
                         .group = group,
                         .removed = static_cast<int64_t>(removed)};
}

}  // namespace strata::pruning

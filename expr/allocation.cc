#include "expr/allocation.h"

#include <fmt/format.h>

#include <cmath>

#include "expr/grammar.h"
#include "expr/n_of_m.h"
#include "expr/projection.h"

namespace strata::expr {
namespace {

absl::Status CheckProjection(const std::vector<double>& wanted,
                             const std::vector<int64_t>& parameters) {
  if (wanted.empty() || wanted.size() != parameters.size()) {
    return absl::InvalidArgumentError(fmt::format(
        "expected one wanted sparsity for each of the {} units (at least one), found {}",
        parameters.size(), wanted.size()));
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!std::isfinite(wanted[i])) {
      return absl::InvalidArgumentError(
          fmt::format("unit {}: expected a finite sparsity, found {}", i, FormatNumber(wanted[i])));
    }
    if (parameters[i] <= 0) {
      return absl::InvalidArgumentError(fmt::format(
          "unit {}: expected a positive number of weights, found {}", i, parameters[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateTarget(const AllocationTarget& target) {
  // The comparisons are written so that NaN fails.
  if (!(target.sparsity > 0 && target.sparsity < 1)) {
    return absl::InvalidArgumentError(fmt::format(
        "expected a target sparsity between 0 and 1, found {}", FormatNumber(target.sparsity)));
  }
  if (!(target.minimum >= 0 && target.minimum <= target.maximum && target.maximum < 1)) {
    return absl::InvalidArgumentError(
        fmt::format("expected bounds 0 <= minimum <= maximum < 1, found [{}, {}]",
                    FormatNumber(target.minimum), FormatNumber(target.maximum)));
  }
  constexpr int kMaximumGroup = 128;
  if (target.group < 0 || target.group > kMaximumGroup) {
    return absl::InvalidArgumentError(fmt::format(
        "expected groups of 0 (none) to {} weights, found {}", kMaximumGroup, target.group));
  }
  if (target.sparsity < target.minimum || target.sparsity > target.maximum) {
    return absl::FailedPreconditionError(fmt::format(
        "no allocation within [{}, {}] has the mean sparsity {}", FormatNumber(target.minimum),
        FormatNumber(target.maximum), FormatNumber(target.sparsity)));
  }
  return absl::OkStatus();
}

std::string WhyUniformIsMixed(const AllocationTarget& target) {
  const double zeros = target.sparsity * target.group;
  if (target.group == 0 || std::fabs(zeros - std::round(zeros)) <= 1e-9) return "";
  return fmt::format(
      "no n:{0} has the sparsity {1}: uniform() mixes n:{0} patterns, which it deals evenly over "
      "depth, and is no uniform pruning",
      target.group, FormatNumber(target.sparsity));
}

absl::StatusOr<Allocation> Project(const std::vector<double>& wanted,
                                   const std::vector<int64_t>& parameters,
                                   const AllocationTarget& target) {
  absl::Status status = ValidateTarget(target);
  if (!status.ok()) return status;
  status = CheckProjection(wanted, parameters);
  if (!status.ok()) return status;
  Allocation allocation = wanted;
  status = ProjectInPlace(allocation, WeightsOf(parameters), target);
  if (!status.ok()) return status;
  return allocation;
}

absl::StatusOr<Allocation> ProjectToGroups(const std::vector<double>& wanted,
                                           const std::vector<int64_t>& parameters,
                                           const AllocationTarget& target) {
  absl::StatusOr<Allocation> allocation = Project(wanted, parameters, target);
  if (!allocation.ok() || target.group == 0) return allocation;
  KernelScratch kernels(parameters.size());
  NOfMScratch scratch;
  const absl::Status status =
      RoundToGroups(parameters, target.group, target, kernels, scratch, *allocation);
  if (!status.ok()) return status;
  return allocation;
}

double MeanSparsity(const Allocation& allocation, const std::vector<int64_t>& parameters) {
  double zeros = 0;
  double total = 0;
  for (size_t i = 0; i < allocation.size(); ++i) {
    zeros += allocation[i] * static_cast<double>(parameters[i]);
    total += static_cast<double>(parameters[i]);
  }
  return zeros / total;
}

std::string QuantizedKey(const Allocation& allocation) {
  std::string key;
  for (const double value : allocation) {
    key += fmt::format("{}{}", key.empty() ? "" : ",", std::llround(value * 1e5));
  }
  return key;
}

}  // namespace strata::expr

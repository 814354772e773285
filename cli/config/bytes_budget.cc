#include "cli/config/bytes_budget.h"

#include <fmt/format.h>

#include <cmath>

#include "expr/allocation.h"

namespace strata::cli {
namespace {

// The function that is its own inverse.
double Converted(double share) {
  constexpr double kDecimals = 1e12;
  return std::round((1 + kBitmapShare - share) * kDecimals) / kDecimals;
}

}  // namespace

double SparsityOfBytesShare(double share) { return Converted(share); }

double BytesShareOfSparsity(double sparsity) { return Converted(sparsity); }

absl::Status UseBytesShare(RunConfig* config) {
  constexpr const char* kKey = "target_bytes_share";
  const double share = config->target_bytes_share;
  if (share == 0) return absl::OkStatus();
  const auto sparsity = config->origins.find("target_sparsity");
  if (sparsity != config->origins.end()) {
    return BadOption(*config, kKey,
                     fmt::format("left out where target_sparsity is set ({}), because each alone "
                                 "says how much is removed",
                                 sparsity->second),
                     fmt::format("{}", share));
  }
  const expr::AllocationTarget target{.sparsity = SparsityOfBytesShare(share),
                                      .minimum = config->minimum_sparsity,
                                      .maximum = config->maximum_sparsity};
  if (!expr::ValidateTarget(target).ok()) {
    return BadOption(
        *config, kKey,
        fmt::format("at least {} and {} {}, the shares at allocation.maximum {} and "
                    "allocation.minimum {}",
                    BytesShareOfSparsity(target.maximum),
                    target.minimum > 0 ? "at most" : "less than",
                    BytesShareOfSparsity(target.minimum), target.maximum, target.minimum),
        fmt::format("{}", share));
  }
  config->target_sparsity = target.sparsity;
  const auto origin = config->origins.find(kKey);
  if (origin != config->origins.end()) config->origins["target_sparsity"] = origin->second;
  return absl::OkStatus();
}

std::string TargetText(double sparsity, double bytes_share) {
  if (bytes_share == 0) return fmt::format("{}", sparsity);
  return fmt::format("{} ({} of the dense 16-bit bytes)", sparsity, bytes_share);
}

}  // namespace strata::cli

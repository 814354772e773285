// A budget in bytes as another way to say how much is removed.
//
// A pruned linear is kept as a bitmap with one bit per weight and the weights that are not zero in
// 16 bits (docs/inference.md). A linear of n weights with sparsity s takes n / 8 + 2 n (1 - s)
// bytes, where the dense one takes 2 n. The share of the dense bytes is therefore 1 - s + 1/16 for
// every linear, whatever its shape, so that a budget of bytes fixes the mean sparsity and nothing
// else.
#ifndef STRATA_CLI_CONFIG_BYTES_BUDGET_H_
#define STRATA_CLI_CONFIG_BYTES_BUDGET_H_

#include <absl/status/status.h>

#include <string>

#include "cli/config/run_config.h"

namespace strata::cli {

// Share of the dense 16-bit bytes that the bitmap alone takes.
inline constexpr double kBitmapShare = 1.0 / 16;

// Return the mean sparsity at which pruned linears take `share` of their dense 16-bit bytes, and
// the reverse, rounded to 12 decimals, so that 0.172 gives 0.8905 and not 0.8905000000000001. The
// sparsity is outside of [0, 1] if none gives the share.
double SparsityOfBytesShare(double share);
double BytesShareOfSparsity(double sparsity);

// Sets target_sparsity, with the same origin, if target_bytes_share is set. Does nothing if it is
// 0. Errors: InvalidArgument, which names the key and its origin, if target_sparsity is set as
// well, or if no allocation within the bounds takes that share.
absl::Status UseBytesShare(RunConfig* config);

// Returns the target for a report: "0.7", or "0.7 (0.3625 of the dense 16-bit bytes)" if
// `bytes_share` is not 0.
std::string TargetText(double sparsity, double bytes_share);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_BYTES_BUDGET_H_

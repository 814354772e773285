// The units, each of which gets one sparsity from an allocation. A unit is a transformer block, the
// attention or the feed-forward part of a block, or a single linear layer.
#ifndef STRATA_EXPR_UNIT_LAYOUT_H_
#define STRATA_EXPR_UNIT_LAYOUT_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace strata::expr {

// The linears of its block that a unit holds: all, the attention part or the feed-forward part.
enum class UnitKind : uint8_t { kBlock, kAttention, kFeedForward };
inline constexpr int kUnitKinds = 3;

// Returns "block", "attention" or "feed-forward".
std::string_view UnitKindName(UnitKind kind);

// Role of a linear in its block. A feed-forward network without a gate has only kUp and kDown.
enum class LinearRole : uint8_t { kNone, kQuery, kKey, kValue, kOutput, kGate, kUp, kDown };
inline constexpr int kLinearRoles = 8;

// Returns "none", "query", "key", "value", "output", "gate", "up" or "down".
std::string_view LinearRoleName(LinearRole role);

struct Unit {
  int64_t parameters = 0;  // prunable weights
  int block = 0;           // index of its transformer block, from 0
  UnitKind kind = UnitKind::kBlock;
  int64_t fan = 0;                      // sum over its linears of inputs + outputs
  LinearRole role = LinearRole::kNone;  // role of a unit that is a single linear
};

// The units in model order. Units of one block lie together. Block numbers ascend from 0 without
// gaps.
using UnitLayout = std::vector<Unit>;

// Checks that the order is as above and that all counts are positive. Errors: InvalidArgument,
// which names the unit.
absl::Status ValidateLayout(const UnitLayout& layout);

// Returns the layout whose units are the blocks of `layout`.
UnitLayout BlockLayoutOf(const UnitLayout& layout);

// Returns the number of prunable weights of every unit.
std::vector<int64_t> ParametersOf(const UnitLayout& layout);

// Returns each unit's share of the sum of all parameters.
std::vector<double> WeightsOf(const std::vector<int64_t>& parameters);

// Returns one unit per block. Each block is one square matrix of about the given number of weights.
// Meant for models of which only the sizes matter: tests, synthetic landscapes.
UnitLayout SquareBlocks(const std::vector<int64_t>& parameters);

}  // namespace strata::expr

#endif  // STRATA_EXPR_UNIT_LAYOUT_H_

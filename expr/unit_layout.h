// The units that an allocation gives a sparsity to: transformer blocks, the attention and the
// feed-forward part of each block, or single linear layers.
#ifndef STRATA_EXPR_UNIT_LAYOUT_H_
#define STRATA_EXPR_UNIT_LAYOUT_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace strata::expr {

// Which linears of its block a unit holds.
enum class UnitKind : uint8_t { kBlock, kAttention, kFeedForward };
inline constexpr int kUnitKinds = 3;

// "block", "attention", "feed-forward".
std::string_view UnitKindName(UnitKind kind);

// What a linear does in its block. Feed-forward networks without a gate have kUp and kDown.
enum class LinearRole : uint8_t { kNone, kQuery, kKey, kValue, kOutput, kGate, kUp, kDown };
inline constexpr int kLinearRoles = 8;

// "none", "query", "key", "value", "output", "gate", "up", "down".
std::string_view LinearRoleName(LinearRole role);

struct Unit {
  int64_t parameters = 0;  // prunable weights
  int block = 0;           // index of its transformer block, from 0
  UnitKind kind = UnitKind::kBlock;
  int64_t fan = 0;                      // sum over its linears of inputs + outputs
  LinearRole role = LinearRole::kNone;  // of a unit that is a single linear
};

// In model order: units of one block lie together, blocks ascend from 0 without gaps.
using UnitLayout = std::vector<Unit>;

// InvalidArgument, naming the unit, unless the order is as above and all counts are positive.
absl::Status ValidateLayout(const UnitLayout& layout);

// The blocks that the units lie in, as units themselves.
UnitLayout BlockLayoutOf(const UnitLayout& layout);

// Prunable weights of every unit.
std::vector<int64_t> ParametersOf(const UnitLayout& layout);

// Each unit's share of the sum of all parameters.
std::vector<double> WeightsOf(const std::vector<int64_t>& parameters);

// One unit per block, each block one square matrix of about that many weights. For models of which
// only the sizes matter: tests, synthetic landscapes.
UnitLayout SquareBlocks(const std::vector<int64_t>& parameters);

}  // namespace strata::expr

#endif  // STRATA_EXPR_UNIT_LAYOUT_H_

// For every weight its position in the order of importance among those it competes with, computed
// once; after that any sparsity is one fused compare-and-multiply, with no sort per candidate.
#ifndef STRATA_PRUNING_WEIGHT_RANKS_H_
#define STRATA_PRUNING_WEIGHT_RANKS_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pruning/sparsity_pattern.h"
#include "pruning/weight_scores.h"
#include "pruning/weight_view.h"

namespace strata::pruning {

// Which weights are compared with one another.
struct Competition {
  enum class Scope : uint8_t {
    kRow,     // those of one output, as Wanda does; 2 bytes a weight
    kMatrix,  // all of the linear, as magnitude and RIA do; 4 bytes a weight
    kGroup,   // `group` neighbouring inputs of a row, for n:M; 1 byte a weight
  };
  Scope scope = Scope::kRow;
  int64_t group = 0;

  // Of a pattern: its groups, else what the score's authors do.
  static Competition For(ScoreKind kind, const SparsityPattern& pattern);
};

// Of the ranks, in bytes.
int64_t BytesPerWeight(Competition::Scope scope);

// How many weights of every row, of the matrix, or of every group are removed: int(number *
// sparsity), or n.
int64_t RemovedPerCompetition(const Competition& competition, const SparsityPattern& pattern,
                              const WeightView& weights);

// Ranks of one linear. Immutable once built; const access is thread-safe.
class WeightRanks {
 public:
  WeightRanks(WeightRanks&&) = default;
  WeightRanks& operator=(WeightRanks&&) = default;

  // Rank 0 is the least important; equal scores rank by their position, as a stable sort does.
  // InvalidArgument if a score is not a number, a row has more than 65,536 columns (kRow), the
  // matrix more than 2^32 weights, or groups do not divide the columns or exceed 256. Work by rows
  // is spread over LibTorch's threads.
  static absl::StatusOr<WeightRanks> Build(const WeightScores& scores,
                                           const Competition& competition);

  // Ranks that were built before, as bytes() gave them; `bytes` must outlive the object.
  // InvalidArgument if their number does not fit `weights` and `competition`.
  static absl::StatusOr<WeightRanks> FromBytes(const WeightView& weights,
                                               const Competition& competition,
                                               std::span<const std::byte> bytes);

  const Competition& competition() const { return competition_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  // Writes the weights whose rank is at least `removed`, and 0 for the others, to `output` (same
  // shape, not overlapping). Returns the zeros written, zeros of the dense weights included.
  int64_t Prune(const WeightView& weights, int64_t removed, float* output) const;

  // The same, rounded to the nearest bfloat16 (bits).
  int64_t PruneToBFloat16(const WeightView& weights, int64_t removed, uint16_t* output) const;

 private:
  WeightRanks() = default;

  Competition competition_;
  std::vector<std::byte> own_;
  std::span<const std::byte> bytes_;  // own_, or another's
};

// Without ranks: prunes once, by selection instead of a sort; for the sequential protocol, where
// every candidate has its own statistics. Removes the same weights as WeightRanks. Errors as Build.
absl::Status PruneOnce(const WeightScores& scores, const Competition& competition, int64_t removed,
                       float* output);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_WEIGHT_RANKS_H_

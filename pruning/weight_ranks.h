// The rank of every weight in the order of importance among the weights it competes with. Ranks are
// computed once. After that, pruning to any sparsity is one fused compare-and-multiply, with no
// sort per candidate.
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

// The weights that are compared with one another: a scope and, for kGroup, the number of
// neighbouring inputs in a group.
struct Competition {
  using Scope = CompetitionScope;
  Scope scope = Scope::kRow;
  int64_t group = 0;

  // Returns the groups of the pattern if it has groups. Otherwise returns the scope that the
  // authors of the score use.
  static Competition For(ScoreKind kind, const SparsityPattern& pattern);
};

// Returns the size of a rank in bytes.
int64_t BytesPerWeight(Competition::Scope scope);

// Returns the number of weights that are removed from every row, from the matrix or from every
// group: int(number * sparsity), or n for a group.
int64_t RemovedPerCompetition(const Competition& competition, const SparsityPattern& pattern,
                              const WeightView& weights);

// Ranks of one linear. Immutable once built; const access is thread-safe.
class WeightRanks {
 public:
  WeightRanks(WeightRanks&&) = default;
  WeightRanks& operator=(WeightRanks&&) = default;

  // Computes the ranks. Rank 0 is the least important. Equal scores rank by their position, as in a
  // stable sort. Work by rows is spread over LibTorch's threads. Errors: InvalidArgument if a score
  // is not a number, a row has more than 65,536 columns (kRow), the matrix has 2^32 weights or more
  // (kMatrix), or groups do not divide the columns or exceed 256 (kGroup).
  static absl::StatusOr<WeightRanks> Build(const WeightScores& scores,
                                           const Competition& competition);

  // Takes ranks that were built before, in the form of bytes(). `bytes` must outlive the object.
  // Errors: InvalidArgument if the number of bytes does not fit `weights` and `competition`.
  static absl::StatusOr<WeightRanks> FromBytes(const WeightView& weights,
                                               const Competition& competition,
                                               std::span<const std::byte> bytes);

  const Competition& competition() const { return competition_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  // Writes to `output` the weights whose rank is at least `removed`, and 0 for the others. `output`
  // has the same shape as `weights` and must not overlap it. Returns the number of zeros written,
  // including zeros of the dense weights.
  int64_t Prune(const WeightView& weights, int64_t removed, float* output) const;

  // Does the same, with weights rounded to the nearest bfloat16 (bits).
  int64_t PruneToBFloat16(const WeightView& weights, int64_t removed, uint16_t* output) const;

 private:
  WeightRanks() = default;

  Competition competition_;
  std::vector<std::byte> own_;
  std::span<const std::byte> bytes_;  // view of own_, or of memory that the caller owns
};

// Prunes once without ranks, by selection instead of a sort. Meant for the sequential protocol, in
// which every candidate has its own statistics. Removes the same weights as WeightRanks. Errors:
// the same as for WeightRanks::Build.
absl::Status PruneOnce(const WeightScores& scores, const Competition& competition, int64_t removed,
                       float* output);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_WEIGHT_RANKS_H_

// For every weight its position in its row's order of importance, computed once; after that any
// sparsity is one fused compare-and-multiply, with no sort per candidate.
#ifndef STRATA_PRUNING_RANK_BANK_H_
#define STRATA_PRUNING_RANK_BANK_H_

#include <absl/status/status.h>

#include <cstdint>
#include <span>
#include <vector>

namespace strata::pruning {

// Read-only view of one linear layer's weights, row-major [rows, columns]; a row is one output.
struct WeightView {
  const float* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t size() const { return rows * columns; }
};

// Wanda scores (arXiv 2306.11695, eq. 1) of `rows` rows from `first_row`: |W| * sqrt(scaler_row),
// row-major into `scores`. `scaler_row` has one entry per column: the mean over calibration
// sequences of the sum over tokens of x^2.
void WandaScores(const WeightView& weights, std::span<const float> scaler_row, int64_t first_row,
                 int64_t rows, float* scores);

// int(columns * sparsity), the number of weights that Wanda's code removes per row.
int64_t RemovedPerRow(int64_t columns, double sparsity);

// Ranks of one linear, 2 bytes a weight. Immutable once built; const access is thread-safe.
class RowRanks {
 public:
  // Rank 0 is the least important weight of its row; equal scores rank by column, as a stable sort
  // does. InvalidArgument if a row has more than 65,536 columns, the scaler has another length, or
  // a score is not a number. Work is spread over LibTorch's threads.
  absl::Status Build(const WeightView& weights, std::span<const float> scaler_row);

  std::span<const uint16_t> ranks() const { return ranks_; }

  // Writes the weights whose rank is at least `removed_per_row`, and 0 for the others, to `output`
  // (same shape, not overlapping). Returns the number of zeros written, zeros of the dense weights
  // included.
  int64_t Prune(const WeightView& weights, int64_t removed_per_row, float* output) const;

  // The same, rounded to the nearest bfloat16 (bits).
  int64_t PruneToBFloat16(const WeightView& weights, int64_t removed_per_row,
                          uint16_t* output) const;

 private:
  std::vector<uint16_t> ranks_;
};

// Without ranks: prunes by the scores of `scaler_row`, once, by selection instead of a sort; for
// the sequential protocol, where every candidate has its own statistics. Removes the same weights
// as RowRanks. Errors as Build.
absl::Status PruneOnce(const WeightView& weights, std::span<const float> scaler_row,
                       int64_t removed_per_row, float* output);

// Rounds to the nearest bfloat16, ties to even; NaN stays NaN.
void ToBFloat16(std::span<const float> values, uint16_t* output);

int64_t CountZeros(std::span<const float> values);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_RANK_BANK_H_

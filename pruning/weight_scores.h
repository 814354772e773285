// Published scores for the importance of each weight of a linear layer.
#ifndef STRATA_PRUNING_WEIGHT_SCORES_H_
#define STRATA_PRUNING_WEIGHT_SCORES_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "pruning/score_table.h"
#include "pruning/weight_view.h"

namespace strata::pruning {

// Writes the Wanda scores of `rows` rows from `first_row` to `scores`, row-major, without checks.
// `scaler_row` has one entry per column: the mean over calibration sequences of the sum over tokens
// of x^2. Thread-safe.
void WandaScores(const WeightView& weights, std::span<const float> scaler_row, int64_t first_row,
                 int64_t rows, float* scores);

// Scores of one linear. They are computed by rows when they are needed. Const access is
// thread-safe.
class WeightScores {
 public:
  // `weights` must outlive the object. `scaler_row` is the same as for WandaScores; magnitude
  // ignores it. Errors: InvalidArgument if there are no columns, or if the scaler row has the wrong
  // length or an entry that is negative or not finite.
  static absl::StatusOr<WeightScores> Create(ScoreKind kind, const WeightView& weights,
                                             std::span<const float> scaler_row);

  const WeightView& weights() const { return weights_; }

  // Writes the scores of `rows` rows from `first_row`, row-major. They are never negative. If the
  // sum of a row or column is 0, its weights score 0 in that term. Returns false if a score is not
  // a number.
  bool Rows(int64_t first_row, int64_t rows, float* scores) const;

 private:
  WeightScores() = default;
  void AddSums();

  const Score* score_ = nullptr;
  WeightView weights_;
  std::vector<float> factors_;      // Score::factor for each column
  std::vector<float> column_sums_;  // sums of |W|, with 1 in place of 0
  std::vector<float> row_sums_;
};

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_WEIGHT_SCORES_H_

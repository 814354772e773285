// How important each weight of a linear layer is, by the published scores.
#ifndef STRATA_PRUNING_WEIGHT_SCORES_H_
#define STRATA_PRUNING_WEIGHT_SCORES_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "pruning/weight_view.h"

namespace strata::pruning {

enum class ScoreKind : uint8_t {
  kMagnitude,  // |W|
  kWanda,      // |W| sqrt(scaler_row): arXiv 2306.11695, eq. 1
  kRia,        // (|W| / column sum of |W| + |W| / row sum of |W|) sqrt(scaler_row)^a, a = 0.5:
               // relative importance and activations, ICLR 2024, eq. 2 and 3
};

// Wanda scores of `rows` rows from `first_row`, row-major into `scores`, without checks.
// `scaler_row` has one entry per column, the mean over calibration sequences of the sum over tokens
// of x^2. Thread-safe.
void WandaScores(const WeightView& weights, std::span<const float> scaler_row, int64_t first_row,
                 int64_t rows, float* scores);

// Scores of one linear, computed by rows as they are asked for. Const access is thread-safe.
class WeightScores {
 public:
  // `weights` must outlive the object. `scaler_row` is as above; magnitude ignores it.
  // InvalidArgument for no columns, or a scaler of another length or with an entry that is negative
  // or not finite.
  static absl::StatusOr<WeightScores> Create(ScoreKind kind, const WeightView& weights,
                                             std::span<const float> scaler_row);

  const WeightView& weights() const { return weights_; }

  // Scores of `rows` rows from `first_row`, row-major; never negative. Weights of a row or column
  // whose sum is 0 score 0 there. False if a score is not a number.
  bool Rows(int64_t first_row, int64_t rows, float* scores) const;

 private:
  WeightScores() = default;
  void AddSums();

  ScoreKind kind_ = ScoreKind::kMagnitude;
  WeightView weights_;
  std::vector<float> factors_;      // per column: the power of scaler_row
  std::vector<float> column_sums_;  // of |W|, 1 where 0; RIA only
  std::vector<float> row_sums_;
};

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_WEIGHT_SCORES_H_

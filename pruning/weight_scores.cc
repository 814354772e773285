#include "pruning/weight_scores.h"

#include <fmt/format.h>

#include <cmath>

#include "expr/status_macros.h"
#include "pruning/vector_clones.h"

namespace strata::pruning {
namespace {

STRATA_VECTOR_CLONES bool AnyNotANumber(const float* values, int64_t size) {
  int32_t found = 0;
  for (int64_t i = 0; i < size; ++i) found |= values[i] != values[i];
  return found != 0;
}

absl::Status CheckScalers(const WeightView& weights, std::span<const float> scaler_row) {
  if (static_cast<int64_t>(scaler_row.size()) != weights.columns) {
    return absl::InvalidArgumentError(fmt::format("expected statistics of {} inputs, found {}",
                                                  weights.columns, scaler_row.size()));
  }
  for (size_t i = 0; i < scaler_row.size(); ++i) {
    if (!(scaler_row[i] >= 0.0f) || std::isinf(scaler_row[i])) {
      return absl::InvalidArgumentError(
          fmt::format("the statistics of input {} are {}, expected a finite number of at least 0",
                      i, scaler_row[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void WandaScores(const WeightView& weights, std::span<const float> scaler_row, int64_t first_row,
                 int64_t rows, float* scores) {
  std::vector<float> norms;
  for (const float square : scaler_row) norms.push_back(std::sqrt(square));
  for (int64_t row = 0; row < rows; ++row) {
    ScoreRow(ScoreKind::kWanda)
        .row(weights.data + (first_row + row) * weights.columns, {.factors = norms.data()},
             weights.columns, scores + row * weights.columns);
  }
}

absl::StatusOr<WeightScores> WeightScores::Create(ScoreKind kind, const WeightView& weights,
                                                  std::span<const float> scaler_row) {
  if (weights.columns < 1) {
    return absl::InvalidArgumentError("expected a linear layer with at least one input");
  }
  WeightScores scores;
  scores.score_ = &ScoreRow(kind);
  scores.weights_ = weights;
  if (scores.score_->needs_sums) scores.AddSums();
  if (scores.score_->factor == nullptr) return scores;
  STRATA_RETURN_IF_ERROR(CheckScalers(weights, scaler_row));
  for (const float square : scaler_row) {
    scores.factors_.push_back(scores.score_->factor(std::sqrt(square)));
  }
  return scores;
}

void WeightScores::AddSums() {
  std::vector<double> columns(weights_.columns);
  for (int64_t row = 0; row < weights_.rows; ++row) {
    const float* weights = weights_.data + row * weights_.columns;
    double sum = 0;
    for (int64_t i = 0; i < weights_.columns; ++i) {
      const double magnitude = std::fabs(weights[i]);
      sum += magnitude;
      columns[i] += magnitude;
    }
    row_sums_.push_back(sum == 0 ? 1.0f : static_cast<float>(sum));
  }
  for (const double sum : columns) {
    column_sums_.push_back(sum == 0 ? 1.0f : static_cast<float>(sum));
  }
}

bool WeightScores::Rows(int64_t first_row, int64_t rows, float* scores) const {
  const int64_t columns = weights_.columns;
  const float* weights = weights_.data + first_row * columns;
  ScoreInputs inputs{.factors = factors_.data(), .column_sums = column_sums_.data()};
  for (int64_t row = 0; row < rows; ++row) {
    if (score_->needs_sums) inputs.row_sum = row_sums_[first_row + row];
    score_->row(weights + row * columns, inputs, columns, scores + row * columns);
  }
  return !AnyNotANumber(scores, rows * columns);
}

}  // namespace strata::pruning

#include "pruning/weight_scores.h"

#include <fmt/format.h>

#include <cmath>

#include "pruning/vector_clones.h"

namespace strata::pruning {
namespace {

STRATA_VECTOR_CLONES void Magnitudes(const float* __restrict weights, int64_t size,
                                     float* __restrict scores) {
  for (int64_t i = 0; i < size; ++i) scores[i] = std::fabs(weights[i]);
}

STRATA_VECTOR_CLONES void Scaled(const float* __restrict weights, const float* __restrict factors,
                                 int64_t columns, float* __restrict scores) {
  for (int64_t i = 0; i < columns; ++i) scores[i] = std::fabs(weights[i]) * factors[i];
}

STRATA_VECTOR_CLONES void Relative(const float* __restrict weights, const float* __restrict factors,
                                   const float* __restrict column_sums, float row_sum,
                                   int64_t columns, float* __restrict scores) {
  for (int64_t i = 0; i < columns; ++i) {
    const float magnitude = std::fabs(weights[i]);
    scores[i] = (magnitude / column_sums[i] + magnitude / row_sum) * factors[i];
  }
}

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
    Scaled(weights.data + (first_row + row) * weights.columns, norms.data(), weights.columns,
           scores + row * weights.columns);
  }
}

absl::StatusOr<WeightScores> WeightScores::Create(ScoreKind kind, const WeightView& weights,
                                                  std::span<const float> scaler_row) {
  if (weights.columns < 1) {
    return absl::InvalidArgumentError("expected a linear layer with at least one input");
  }
  WeightScores scores;
  scores.kind_ = kind;
  scores.weights_ = weights;
  if (kind == ScoreKind::kMagnitude) return scores;
  if (absl::Status status = CheckScalers(weights, scaler_row); !status.ok()) return status;
  for (const float square : scaler_row) {
    const float norm = std::sqrt(square);
    scores.factors_.push_back(kind == ScoreKind::kRia ? std::sqrt(norm) : norm);
  }
  if (kind == ScoreKind::kRia) scores.AddSums();
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
  if (kind_ == ScoreKind::kMagnitude) Magnitudes(weights, rows * columns, scores);
  for (int64_t row = 0; row < rows && kind_ != ScoreKind::kMagnitude; ++row) {
    if (kind_ == ScoreKind::kWanda) {
      Scaled(weights + row * columns, factors_.data(), columns, scores + row * columns);
    } else {
      Relative(weights + row * columns, factors_.data(), column_sums_.data(),
               row_sums_[first_row + row], columns, scores + row * columns);
    }
  }
  return !AnyNotANumber(scores, rows * columns);
}

}  // namespace strata::pruning

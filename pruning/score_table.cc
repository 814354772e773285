#include "pruning/score_table.h"

#include <array>
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

constexpr std::array kScores = {
    Score{ScoreKind::kMagnitude, "magnitude", CompetitionScope::kMatrix, /*needs_sums=*/false,
          nullptr,
          [](const float* weights, const ScoreInputs&, int64_t columns, float* scores) {
            Magnitudes(weights, columns, scores);
          }},
    Score{ScoreKind::kWanda, "wanda", CompetitionScope::kRow, /*needs_sums=*/false,
          [](float norm) { return norm; },
          [](const float* weights, const ScoreInputs& inputs, int64_t columns, float* scores) {
            Scaled(weights, inputs.factors, columns, scores);
          }},
    Score{ScoreKind::kRia, "ria", CompetitionScope::kMatrix, /*needs_sums=*/true,
          [](float norm) { return std::sqrt(norm); },
          [](const float* weights, const ScoreInputs& inputs, int64_t columns, float* scores) {
            Relative(weights, inputs.factors, inputs.column_sums, inputs.row_sum, columns, scores);
          }},
};

}  // namespace

const Score& ScoreRow(ScoreKind kind) { return kScores[static_cast<size_t>(kind)]; }

}  // namespace strata::pruning

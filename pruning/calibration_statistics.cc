#include "pruning/calibration_statistics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "pruning/vector_clones.h"

namespace strata::pruning {
namespace {

// Tokens per side of a Gram tile. The tiles of all L blocks together stay small: L * tile^2 * 4
// bytes.
constexpr int64_t kTileTokens = 256;

STRATA_VECTOR_CLONES void AddSquares(const float* __restrict activations, int64_t rows,
                                     int64_t columns, double* __restrict sums) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* x = activations + row * columns;
    for (int64_t column = 0; column < columns; ++column) {
      sums[column] += static_cast<double>(x[column]) * static_cast<double>(x[column]);
    }
  }
}

double Cosine(const float* a, const float* b, int64_t columns) {
  double product = 0;
  double a_square = 0;
  double b_square = 0;
  for (int64_t i = 0; i < columns; ++i) {
    product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    a_square += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    b_square += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return product / std::sqrt(a_square * b_square);
}

at::Tensor View(std::span<const float> values, int64_t rows, int64_t columns) {
  return at::from_blob(const_cast<float*>(values.data()), {rows, columns}, at::kFloat);
}

}  // namespace

void InputNorms::Add(const float* activations, int64_t rows) {
  AddSquares(activations, rows, static_cast<int64_t>(sums_.size()), sums_.data());
}

std::vector<float> InputNorms::ScalerRow(int64_t sequences) const {
  std::vector<float> result(sums_.size());
  for (size_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<float>(sums_[i] / static_cast<double>(sequences));
  }
  return result;
}

void BlockInfluence::Add(const float* input, const float* output, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row) {
    cosine_sum_ += Cosine(input + row * columns, output + row * columns, columns);
  }
  rows_ += rows;
}

std::vector<std::vector<double>> InputSimilarity(const std::vector<std::span<const float>>& inputs,
                                                 int64_t tokens) {
  const auto count = static_cast<int64_t>(inputs.size());
  std::vector<at::Tensor> views;
  // Each input is scaled to unit norm. This does not change psi, and it keeps squares of Grams far
  // from the limits of float32.
  std::vector<float> scales;
  for (const std::span<const float> input : inputs) {
    views.push_back(View(input, tokens, static_cast<int64_t>(input.size()) / tokens));
    scales.push_back(1.0f / std::max(views.back().norm().item<float>(), 1e-30f));
  }
  at::Tensor products = at::zeros({count, count}, at::kDouble);
  const int64_t tile = std::min(tokens, kTileTokens);
  at::Tensor grams = at::empty({count, tile, tile});
  for (int64_t i = 0; i < tokens; i += tile) {
    const int64_t rows = std::min(tile, tokens - i);
    for (int64_t j = i; j < tokens; j += tile) {
      const int64_t other_rows = std::min(tile, tokens - j);
      if (rows != tile || other_rows != tile) grams.zero_();
      for (int64_t k = 0; k < count; ++k) {
        at::Tensor gram = grams[k].narrow(0, 0, rows).narrow(1, 0, other_rows);
        const at::Tensor left = views[k].narrow(0, i, rows) * scales[k];
        const at::Tensor right = views[k].narrow(0, j, other_rows) * scales[k];
        gram.copy_(left.mm(right.t()));
      }
      const at::Tensor flat = grams.view({count, tile * tile});
      // Grams are symmetric, so a tile off the diagonal counts twice.
      products.add_(flat.mm(flat.t()).to(at::kDouble), i == j ? 1 : 2);
    }
  }
  std::vector<std::vector<double>> similarity(count, std::vector<double>(count));
  const auto product = products.accessor<double, 2>();
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < count; ++j) {
      similarity[i][j] = product[i][j] / std::sqrt(product[i][i] * product[j][j]);
    }
  }
  return similarity;
}

std::vector<double> Redundancy(const std::vector<std::vector<double>>& similarity) {
  std::vector<double> result;
  for (const std::vector<double>& row : similarity) {
    double sum = 0;
    for (const double value : row) sum += value;
    result.push_back(static_cast<double>(similarity.size()) * (1.0 - 1.0 / sum));
  }
  return result;
}

}  // namespace strata::pruning

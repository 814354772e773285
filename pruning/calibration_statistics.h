// Statistics about the blocks of a model, from a pass of calibration tokens through it.
#ifndef STRATA_PRUNING_CALIBRATION_STATISTICS_H_
#define STRATA_PRUNING_CALIBRATION_STATISTICS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace strata::pruning {

// Accumulates Wanda's scaler_row of one input, in double: the mean over sequences of the sum over
// tokens of x^2. This is the running mean of WrappedGPT in the code of arXiv 2306.11695. Rows may
// come in any number of pieces.
class InputNorms {
 public:
  explicit InputNorms(int64_t columns) : sums_(columns) {}

  // Adds `rows` activations of `columns` entries each, row-major.
  void Add(const float* activations, int64_t rows);

  std::vector<float> ScalerRow(int64_t sequences) const;

 private:
  std::vector<double> sums_;
};

// Accumulates block influence (arXiv 2403.03853, eq. 1): one minus the mean over tokens of the
// cosine between the input row and the output row.
class BlockInfluence {
 public:
  void Add(const float* input, const float* output, int64_t rows, int64_t columns);
  double value() const { return 1.0 - cosine_sum_ / static_cast<double>(rows_); }

 private:
  double cosine_sum_ = 0;
  int64_t rows_ = 0;
};

// Returns the uncentred linear CKA of every pair of n inputs (ALS, NeurIPS 2024), as n rows of n
// values: psi_ij = |X_i^T X_j|_F^2 / (|X_i^T X_i|_F |X_j^T X_j|_F). It is computed from the Grams
// X_i X_i^T tile by tile, so that no whole Gram is held. `inputs[i]` is row-major
// [tokens, columns], and every input has its own number of columns. Uses LibTorch's threads.
std::vector<std::vector<double>> InputSimilarity(const std::vector<std::span<const float>>& inputs,
                                                 int64_t tokens);

// Returns n * (1 - 1 / R_i) for each input i, with R_i = sum_j psi_ij. The value is large if the
// input resembles the others.
std::vector<double> Redundancy(const std::vector<std::vector<double>>& similarity);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_CALIBRATION_STATISTICS_H_

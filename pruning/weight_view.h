// Read-only weights of one linear layer, and operations on whole arrays of weights.
#ifndef STRATA_PRUNING_WEIGHT_VIEW_H_
#define STRATA_PRUNING_WEIGHT_VIEW_H_

#include <cstdint>
#include <span>

namespace strata::pruning {

// A row-major matrix [rows, columns] in memory that the caller owns. A row is one output.
struct WeightView {
  const float* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t size() const { return rows * columns; }
};

// Rounds to the nearest bfloat16, ties to even; NaN stays NaN. Uses LibTorch's threads.
void ToBFloat16(std::span<const float> values, uint16_t* output);

int64_t CountZeros(std::span<const float> values);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_WEIGHT_VIEW_H_

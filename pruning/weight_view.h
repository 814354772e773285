// Read-only weights of one linear layer, and what is done with whole arrays of them.
#ifndef STRATA_PRUNING_WEIGHT_VIEW_H_
#define STRATA_PRUNING_WEIGHT_VIEW_H_

#include <cstdint>
#include <span>

namespace strata::pruning {

// Row-major [rows, columns]; a row is one output. The memory is another's.
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

#include "pruning/weight_view.h"

#include <ATen/Parallel.h>

#include "pruning/bfloat16_bits.h"
#include "pruning/vector_clones.h"

namespace strata::pruning {
namespace {

// Number of weights rounded by one thread at a time.
constexpr int64_t kGrain = int64_t{1} << 16;

STRATA_VECTOR_CLONES void RoundAll(const float* __restrict values, int64_t size,
                                   uint16_t* __restrict output) {
  for (int64_t i = 0; i < size; ++i) output[i] = BFloat16Bits(values[i]);
}

STRATA_VECTOR_CLONES int64_t CountZerosOf(const float* values, int64_t size) {
  int64_t zeros = 0;
  for (int64_t i = 0; i < size; ++i) zeros += values[i] == 0.0f;
  return zeros;
}

}  // namespace

void ToBFloat16(std::span<const float> values, uint16_t* output) {
  at::parallel_for(0, static_cast<int64_t>(values.size()), kGrain, [&](int64_t begin, int64_t end) {
    RoundAll(values.data() + begin, end - begin, output + begin);
  });
}

int64_t CountZeros(std::span<const float> values) {
  return CountZerosOf(values.data(), static_cast<int64_t>(values.size()));
}

}  // namespace strata::pruning

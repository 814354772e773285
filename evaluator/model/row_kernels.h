// The small row-wise steps of a transformer between its matrix products, each one pass over memory.
// Numbers are float32, or bfloat16 where a function says so; sums are float32 or wider. Work is
// spread over LibTorch's threads.
#ifndef STRATA_EVALUATOR_ROW_KERNELS_H_
#define STRATA_EVALUATOR_ROW_KERNELS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace strata::evaluator {

// output = input / sqrt(mean(input^2) + epsilon) * weight, per row. `input` float32 [rows,
// columns]; `output` of the same shape, float32 or bfloat16.
void RmsNorm(const at::Tensor& input, const at::Tensor& weight, double epsilon, at::Tensor& output);

// Cosine and sine of position * frequency, float32 [positions, 2 * frequencies], the cosines of a
// position first.
at::Tensor RotaryTable(int64_t positions, std::span<const float> frequencies);

// Rotates, in place, the first `heads` heads of every row of `rows` [tokens, columns] (float32 or
// bfloat16): within a head of `dimension` entries, entry i pairs with i + dimension/2. `positions`
// has that of each row, a row of `table`.
void Rotate(at::Tensor& rows, int64_t heads, int64_t dimension, std::span<const int64_t> positions,
            const at::Tensor& table);

// output = silu(gate) * up, where row r of `gate_up` [rows, 2 * columns] holds gate then up. Both
// of the same type.
void SwiGlu(const at::Tensor& gate_up, at::Tensor& output);

// hidden (float32) += addend (bfloat16), same shape.
void AddBFloat16(const at::Tensor& addend, at::Tensor& hidden);

// Running log-sum-exp over tiles of logits of one row.
struct RunningLogSumExp {
  float maximum = -3.0e38f;
  double sum = 0;
};

// Takes in `logits` [rows, columns] (float32 or bfloat16, contiguous) as further columns of rows
// running[0 ... rows).
void AddLogits(const at::Tensor& logits, RunningLogSumExp* running);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_ROW_KERNELS_H_

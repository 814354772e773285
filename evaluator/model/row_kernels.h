// The small row-wise steps of a transformer between its matrix products. Each step passes over
// memory once. Numbers are float32, or bfloat16 if a function says so. Sums are float32 or wider.
// The work is spread over LibTorch's threads.
#ifndef STRATA_EVALUATOR_MODEL_ROW_KERNELS_H_
#define STRATA_EVALUATOR_MODEL_ROW_KERNELS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace strata::evaluator {

// output = input / sqrt(mean(input^2) + epsilon) * weight, per row. `input` is float32 [rows,
// columns]. `output` has the same shape, float32 or bfloat16.
void RmsNorm(const at::Tensor& input, const at::Tensor& weight, double epsilon, at::Tensor& output);

// Returns the cosine and sine of position * frequency, float32 [positions, 2 * frequencies]. The
// cosines of a position come first.
at::Tensor RotaryTable(int64_t positions, std::span<const float> frequencies);

// Rotates the first `heads` heads of every row of `rows` in place. `rows` is [tokens, columns],
// float32 or bfloat16. Within a head of `dimension` entries, entry i pairs with entry i +
// dimension/2. `positions` has the position of each row, which is the index of a row of `table`.
void Rotate(at::Tensor& rows, int64_t heads, int64_t dimension, std::span<const int64_t> positions,
            const at::Tensor& table);

// output = silu(gate) * up. Row r of `gate_up` [rows, 2 * columns] holds gate, then up. Both
// tensors have the same type.
void SwiGlu(const at::Tensor& gate_up, at::Tensor& output);

// hidden (float32) += addend (bfloat16). Both have the same shape.
void AddBFloat16(const at::Tensor& addend, at::Tensor& hidden);

// Log-sum-exp of the logits of one row, updated tile by tile.
struct RunningLogSumExp {
  float maximum = -3.0e38f;
  double sum = 0;
};

// Adds `logits` [rows, columns] (float32 or bfloat16, contiguous) to running[0 ... rows), as
// further columns of these rows.
void AddLogits(const at::Tensor& logits, RunningLogSumExp* running);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_ROW_KERNELS_H_

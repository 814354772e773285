// The linears of a model as decoding sees them: something that multiplies a vector, dense or
// compressed.
#ifndef STRATA_EVALUATOR_DECODER_LINEAR_H_
#define STRATA_EVALUATOR_DECODER_LINEAR_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <span>

#include "pruning/instruction_set.h"

namespace strata::evaluator {

enum class LinearFormat { kDense, kSparse };

// How products are computed and divided.
struct DecoderKernels {
  pruning::InstructionSet instructions = pruning::InstructionSet::kScalar;
  int parts = 1;  // ranges of rows of nearly equal work
};

// Immutable; const access is thread-safe. Columns and rows as in a weight matrix [rows, columns].
class DecoderLinear {
 public:
  virtual ~DecoderLinear() = default;
  virtual int64_t rows() const = 0;
  virtual int64_t columns() const = 0;

  // What one product reads, and what the weights take in memory.
  virtual int64_t bytes() const = 0;

  // y = A x, float32, for the rows of one part; other entries of y are left alone.
  virtual void Multiply(std::span<const float> x, std::span<float> y, int part) const = 0;

  // The dense weights where they are kept; undefined where they are not.
  virtual at::Tensor dense() const = 0;

  // Writes one part of the rows, with their zeros, into `output`: contiguous, [rows, columns], of
  // the type of the weights.
  virtual void Expand(int part, const at::Tensor& output) const = 0;
};

// Of contiguous float32 or bfloat16 weights [rows, columns]. A dense linear shares their memory; a
// sparse one keeps none of it.
absl::StatusOr<std::unique_ptr<DecoderLinear>> MakeDecoderLinear(const at::Tensor& weights,
                                                                 LinearFormat format,
                                                                 const DecoderKernels& kernels);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_DECODER_LINEAR_H_

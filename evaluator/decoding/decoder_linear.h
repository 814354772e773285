// The linears of a model in the form that decoding uses. A linear multiplies a vector, and it is
// dense or compressed.
#ifndef STRATA_EVALUATOR_DECODING_DECODER_LINEAR_H_
#define STRATA_EVALUATOR_DECODING_DECODER_LINEAR_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <span>

#include "pruning/instruction_set.h"

namespace strata::evaluator {

enum class LinearFormat { kDense, kSparse };

// How products are computed and divided into parts.
struct DecoderKernels {
  pruning::InstructionSet instructions = pruning::InstructionSet::kScalar;
  int parts = 1;  // number of ranges of rows, of nearly equal work
};

// A linear with weights [rows, columns]. Immutable, so const access is thread-safe.
class DecoderLinear {
 public:
  virtual ~DecoderLinear() = default;
  virtual int64_t rows() const = 0;
  virtual int64_t columns() const = 0;

  // Number of bytes that one product reads and that the weights take in memory.
  virtual int64_t bytes() const = 0;

  // Computes y = A x in float32 for the rows of one part. Other entries of y stay as they are.
  virtual void Multiply(std::span<const float> x, std::span<float> y, int part) const = 0;

  // Returns the dense weights if they are kept, otherwise an undefined tensor.
  virtual at::Tensor dense() const = 0;

  // Writes one part of the rows, including their zeros, to `output`. `output` is contiguous [rows,
  // columns] and has the type of the weights.
  virtual void Expand(int part, const at::Tensor& output) const = 0;
};

// Makes a linear from contiguous float32 or bfloat16 weights [rows, columns]. A dense linear shares
// the memory of the weights. A sparse linear keeps none of it.
absl::StatusOr<std::unique_ptr<DecoderLinear>> MakeDecoderLinear(const at::Tensor& weights,
                                                                 LinearFormat format,
                                                                 const DecoderKernels& kernels);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_DECODING_DECODER_LINEAR_H_

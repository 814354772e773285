// The tensor side of the operator table: how each of its operators acts on the float32 elements of
// a tensor.
#ifndef STRATA_PRUNING_TENSOR_KERNELS_H_
#define STRATA_PRUNING_TENSOR_KERNELS_H_

#include <span>

#include "expr/operator_table.h"
#include "pruning/tensor_statistics.h"

namespace strata::pruning {

// In place on a chunk; every result is rounded to float32. The meaning is that of
// expr::ScalarKernelOf.
using ElementwiseKernel = void (*)(std::span<float> values);

// In place on a chunk, with the statistics of the whole tensor.
struct WholeTensorKernel {
  unsigned groups;  // StatisticsGroup bits that must have been gathered
  void (*apply)(std::span<float> values, const TensorStatistics& whole);
};

struct ReductionKernel {
  unsigned groups;
  double (*finish)(const TensorStatistics& whole);
};

// `nullptr` if the operator is of another kind. Static lifetime, thread-safe.
ElementwiseKernel ElementwiseKernelOf(expr::OperatorId id);
const WholeTensorKernel* WholeTensorKernelOf(expr::OperatorId id);
const ReductionKernel* ReductionKernelOf(expr::OperatorId id);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_TENSOR_KERNELS_H_

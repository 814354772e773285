// The tensor kernels of the operator table: how each operator acts on the float32 elements of a
// tensor.
#ifndef STRATA_PRUNING_TENSOR_KERNELS_H_
#define STRATA_PRUNING_TENSOR_KERNELS_H_

#include <span>

#include "expr/operator_table.h"
#include "pruning/spectrum.h"
#include "pruning/tensor_statistics.h"

namespace strata::pruning {

// Acts in place on a chunk. Every result is rounded to float32. expr::ScalarKernelOf defines the
// meaning.
using ElementwiseKernel = void (*)(std::span<float> values);

// Acts in place on a chunk, with the statistics of the whole tensor.
struct WholeTensorKernel {
  unsigned groups;  // StatisticsGroup bits that must have been gathered
  void (*apply)(std::span<float> values, const TensorStatistics& whole);
};

// The data from which a reduction is computed.
enum class ReductionForm {
  kStatistics,       // the unit's TensorStatistics
  kSorted,           // all elements of the unit in ascending order
  kSpectrum,         // the singular values of the matrix of each linear
  kMatrix,           // the matrix of each linear
  kGlobalThreshold,  // the elements of all units, see GlobalThreshold
};

// The function that belongs to `form` is set, and the others are null. `parameter` is the number of
// the reduction, or 0 if it has none.
struct ReductionKernel {
  ReductionForm form = ReductionForm::kStatistics;
  unsigned groups = 0;  // StatisticsGroup bits that kStatistics needs
  double (*of_statistics)(const TensorStatistics& whole) = nullptr;
  double (*of_sorted)(std::span<const float> ascending, double parameter) = nullptr;
  double (*of_spectrum)(const Spectrum& spectrum) = nullptr;
  double (*of_matrix)(const MatrixView& matrix) = nullptr;
};

// Return nullptr if the operator is of another kind. The kernels have static lifetime. Thread-safe.
ElementwiseKernel ElementwiseKernelOf(expr::OperatorId id);
const WholeTensorKernel* WholeTensorKernelOf(expr::OperatorId id);
const ReductionKernel* ReductionKernelOf(expr::OperatorId id);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_TENSOR_KERNELS_H_

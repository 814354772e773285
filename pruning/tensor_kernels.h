// The tensor side of the operator table: how each of its operators acts on the float32 elements of
// a tensor.
#ifndef STRATA_PRUNING_TENSOR_KERNELS_H_
#define STRATA_PRUNING_TENSOR_KERNELS_H_

#include <span>

#include "expr/operator_table.h"
#include "pruning/spectrum.h"
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

// How a reduction is computed.
enum class ReductionForm {
  kStatistics,       // from the unit's TensorStatistics
  kSorted,           // from all of the unit's elements in ascending order
  kSpectrum,         // per linear, from its matrix's singular values
  kMatrix,           // per linear, from its matrix
  kGlobalThreshold,  // from the elements of all units, see GlobalThreshold
};

// The function of the reduction's form is set, the others are null. `parameter` is the reduction's
// number, 0 if it has none.
struct ReductionKernel {
  ReductionForm form = ReductionForm::kStatistics;
  unsigned groups = 0;  // of kStatistics: StatisticsGroup bits that must have been gathered
  double (*of_statistics)(const TensorStatistics& whole) = nullptr;
  double (*of_sorted)(std::span<const float> ascending, double parameter) = nullptr;
  double (*of_spectrum)(const Spectrum& spectrum) = nullptr;
  double (*of_matrix)(const MatrixView& matrix) = nullptr;
};

// `nullptr` if the operator is of another kind. Static lifetime, thread-safe.
ElementwiseKernel ElementwiseKernelOf(expr::OperatorId id);
const WholeTensorKernel* WholeTensorKernelOf(expr::OperatorId id);
const ReductionKernel* ReductionKernelOf(expr::OperatorId id);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_TENSOR_KERNELS_H_

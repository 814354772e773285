// Arithmetic on one number per layer, private to expr/. Kernels follow IEEE 754; the bad-value rule
// (see allocation.h) is applied by the caller, after each operator.
#ifndef STRATA_EXPR_KERNELS_H_
#define STRATA_EXPR_KERNELS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "expr/operator_table.h"

namespace strata::expr {

using BinaryKernel = double (*)(double, double);

// `nullptr` unless `id` is a kBinary operator.
BinaryKernel BinaryKernelOf(OperatorId id);

// One value per unit in, one out.
using AcrossLayersKernel = std::vector<double> (*)(std::span<const double>);

// `nullptr` unless `id` is a kAcrossLayers operator.
AcrossLayersKernel AcrossLayersKernelOf(OperatorId id);

// (x - min) / (max - min); all 0 if x is constant. Finite x give values in [0, 1], also where max -
// min overflows.
std::vector<double> MinMax(std::span<const double> x);

// Place of each value in ascending order, from 0; equal values share their mean place. NaN counts
// as smaller than every number and equal to itself.
std::vector<double> Places(std::span<const double> x);

double Mean(std::span<const double> x);

}  // namespace strata::expr

#endif  // STRATA_EXPR_KERNELS_H_

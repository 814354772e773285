// Arithmetic on one number per unit, private to expr/. Kernels write where they are told and never
// allocate; all spans of one call have the same length, at least one.
#ifndef STRATA_EXPR_KERNELS_H_
#define STRATA_EXPR_KERNELS_H_

#include <span>

#include "expr/bad_values.h"
#include "expr/operator_table.h"
#include "expr/unit_layout.h"
#include "expr/unit_order.h"

namespace strata::expr {

// Follows IEEE 754. `parameters` are the operator's own.
using BinaryKernel = double (*)(double, double, std::span<const double> parameters);

// `nullptr` unless `id` is a kBinary operator.
BinaryKernel BinaryKernelOf(OperatorId id);

// The same over all units, followed by the rule of the arithmetic. `out` may be an operand.
using ElementwiseLoop = void (*)(std::span<const double> x, std::span<double> out);
using BinaryLoop = void (*)(std::span<const double> left, std::span<const double> right,
                            std::span<const double> parameters, std::span<double> out);

// `nullptr` unless `id` is a kElementwise, or kBinary, operator.
ElementwiseLoop ElementwiseLoopOf(OperatorId id, Arithmetic arithmetic);
BinaryLoop BinaryLoopOf(OperatorId id, Arithmetic arithmetic);

// Follows IEEE 754; the rule is applied by the caller. `out` does not overlap `x`; `layout` has one
// unit for each value.
using AcrossLayersKernel = void (*)(std::span<const double> x, const UnitLayout& layout,
                                    KernelScratch& scratch, std::span<double> out);

// `nullptr` unless `id` is a kAcrossLayers operator.
AcrossLayersKernel AcrossLayersKernelOf(OperatorId id);

// Replaces every value by what the arithmetic makes of it.
void ApplyRule(Arithmetic arithmetic, std::span<double> values);

// (x - min) / (max - min); all 0 if x is constant, all NaN if a value is. Finite x give values in
// [0, 1], also where max - min overflows. `out` may be `x`.
void MinMax(std::span<const double> x, std::span<double> out);

// (x - mean) / population standard deviation; all 0 if x is constant. Without overflow. `out` may
// be `x`.
void ZScore(std::span<const double> x, std::span<double> out);

// Place of each value in ascending order, from 0; equal values share their mean place, in the
// order of unit_order.h.
void Places(std::span<const double> x, KernelScratch& scratch, std::span<double> out);

// Number of distinct values that are smaller.
void DensePlaces(std::span<const double> x, KernelScratch& scratch, std::span<double> out);

double Mean(std::span<const double> x);

}  // namespace strata::expr

#endif  // STRATA_EXPR_KERNELS_H_

// Arithmetic on one number per unit. Kernels write to the memory they are given and never allocate.
// All spans of one call have the same length, which is at least one. Private to expr/.
#ifndef STRATA_EXPR_KERNELS_H_
#define STRATA_EXPR_KERNELS_H_

#include <span>

#include "expr/bad_values.h"
#include "expr/operator_table.h"
#include "expr/unit_layout.h"
#include "expr/unit_order.h"

namespace strata::expr {

// Computes one value as IEEE 754 defines it. `parameters` are those of the operator.
using BinaryKernel = double (*)(double, double, std::span<const double> parameters);

// Returns nullptr unless `id` is a kBinary operator.
BinaryKernel BinaryKernelOf(OperatorId id);

// Computes an operator over all units and applies the value rule. `out` may be an operand.
using ElementwiseLoop = void (*)(std::span<const double> x, std::span<double> out);
using BinaryLoop = void (*)(std::span<const double> left, std::span<const double> right,
                            std::span<const double> parameters, std::span<double> out);

// Return nullptr unless `id` is a kElementwise or a kBinary operator, respectively.
ElementwiseLoop ElementwiseLoopOf(OperatorId id, ValueRule rule);
BinaryLoop BinaryLoopOf(OperatorId id, ValueRule rule);

// Computes values as IEEE 754 defines them. The caller applies the value rule. `out` must not
// overlap `x`. `layout` has one unit for each value.
using AcrossUnitsKernel = void (*)(std::span<const double> x, const UnitLayout& layout,
                                   KernelScratch& scratch, std::span<double> out);

// Returns nullptr unless `id` is a kAcrossUnits operator.
AcrossUnitsKernel AcrossUnitsKernelOf(OperatorId id);

// Applies the rule to every value.
void ApplyRule(ValueRule rule, std::span<double> values);

// Computes (x - min) / (max - min). The result is all 0 if x is constant, and all NaN if a value is
// NaN. Finite x give values in [0, 1] even if max - min overflows. `out` may be `x`.
void MinMax(std::span<const double> x, std::span<double> out);

// Computes (x - mean) / population standard deviation, without overflow. The result is all 0 if x
// is constant. `out` may be `x`.
void ZScore(std::span<const double> x, std::span<double> out);

// Computes the place of each value in the ascending order of unit_order.h, from 0. Equal values
// share their mean place.
void Places(std::span<const double> x, KernelScratch& scratch, std::span<double> out);

// Computes for each value the number of distinct smaller values.
void DensePlaces(std::span<const double> x, KernelScratch& scratch, std::span<double> out);

double Mean(std::span<const double> x);

}  // namespace strata::expr

#endif  // STRATA_EXPR_KERNELS_H_

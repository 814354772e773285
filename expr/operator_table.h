// The one list of operators. It drives the parser, printer, evaluator, random generation, mutation,
// tensor kernels, wire check and documentation.
#ifndef STRATA_EXPR_OPERATOR_TABLE_H_
#define STRATA_EXPR_OPERATOR_TABLE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace strata::expr {

// Type of the value of an expression.
//   kTensor      one matrix-shaped statistic per unit
//   kUnits       one number per unit
//   kAllocation  one sparsity per unit, whose parameter-weighted mean is the target
// The granularity of the search decides what a unit is: a block, a kind or a linear.
enum class ValueType : uint8_t { kTensor, kUnits, kAllocation };

enum class OperatorKind : uint8_t {
  kTensorSource,      // () -> Tensor: WX, W, X, G
  kStructuralSource,  // () -> Units: depth, size, redundancy, influence, outliers(M), ...
  kConstant,          // () -> Units: a number
  kElementwise,       // Tensor -> Tensor or Units -> Units: abslog, tanh, ...
  kWholeTensor,       // Tensor -> Tensor, needs the whole tensor's statistics: normalize, mms
  kReduction,         // Tensor -> Units: mean, var, quantile(p), ...
  kAcrossUnits,       // Units -> Units, not element-wise: minmax, ranks, suffixmean, ...
  kBinary,            // (Units, Units) -> Units; mix has a parameter
  kPrunedSource,      // Allocation -> Units, measured in the model that it prunes: slopes
  kPostprocess,       // Units -> Allocation: span, rank, ramp, waterfill, dsa, uniform, ...
  kDescent,           // Allocation -> Allocation, along measured slopes: descend
  kAdjustment,        // (Allocation, Units) -> Allocation: within, shift
};

// Index into Operators(). Files and messages hold the names of operators, never identifiers.
enum class OperatorId : uint8_t;

// A numeric argument of an operator. Mutation and Validate respect its closed range.
struct OperatorParameter {
  std::string_view name;
  double minimum;
  double maximum;
  double default_value;
  double step;  // allowed values are multiples of it; 0 allows any value
};

// Behaviour of a kernel for arguments outside its mathematical domain.
//   kTotal  every finite input has a finite result
//   kIeee   NaN or infinity by IEEE 754; the evaluator's bad-value rule applies (see allocation.h)
enum class DomainRule : uint8_t { kTotal, kIeee };

struct Operator {
  std::string_view name;
  // DSA's upper-case name; empty if DSA has no such operator or the name means another one.
  std::string_view alias;
  OperatorKind kind;
  int arity;
  std::span<const OperatorParameter> parameters;
  DomainRule domain;
  bool commutative;
  std::string_view latex;    // {} stands for each child, in order; <name> for a parameter
  std::string_view meaning;  // exact definition; for tensors, what the kernels of pruning/ compute
  std::string_view source;   // paper or code from which the definition is taken
};

// Returns all operators in identifier order. The span has static lifetime.
std::span<const Operator> Operators();

const Operator& OperatorOf(OperatorId id);

// Finds an operator by name or alias. Returns nullptr if there is none.
const Operator* FindOperator(std::string_view name);

// Returns the identifier of the operator called `name`, which must exist. Meant for code that names
// an operator literally.
OperatorId IdOf(std::string_view name);

// Fingerprint (64-bit FNV-1a) of names, aliases, kinds, arities, parameters, domain rules and
// definitions. Two processes with different fingerprints must not exchange work items.
uint64_t OperatorTableHash();

// Scalar kernel of an element-wise operator. It is the double-precision meaning of the tensor
// kernel. ScalarKernelOf returns nullptr for any other operator.
using ScalarKernel = double (*)(double);
ScalarKernel ScalarKernelOf(OperatorId id);

}  // namespace strata::expr

#endif  // STRATA_EXPR_OPERATOR_TABLE_H_

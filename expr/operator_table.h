// The one list of operators. Parser, printer, evaluator, random generation, mutation, tensor
// kernels, the wire check and the documentation are all driven by it.
#ifndef STRATA_EXPR_OPERATOR_TABLE_H_
#define STRATA_EXPR_OPERATOR_TABLE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace strata::expr {

// Tensor: one matrix-shaped statistic per unit. Layers: one number per unit. Allocation: one
// sparsity per unit whose parameter-weighted mean is the target. A unit is a transformer block or
// a linear layer, as the granularity of the search says.
enum class ValueType : uint8_t { kTensor, kLayers, kAllocation };

enum class OperatorKind : uint8_t {
  kTensorSource,      // () -> Tensor: WX, W, X, G
  kStructuralSource,  // () -> Layers: depth, size, redundancy, influence, outliers(M), ...
  kConstant,          // () -> Layers: a number
  kElementwise,       // Tensor -> Tensor or Layers -> Layers: abslog, tanh, ...
  kWholeTensor,       // Tensor -> Tensor, needs the whole tensor's statistics: normalize, mms
  kReduction,         // Tensor -> Layers: mean, var, quantile(p), ...
  kAcrossLayers,      // Layers -> Layers, not element-wise: minmax, ranks, suffixmean, ...
  kBinary,            // (Layers, Layers) -> Layers; mix has a parameter
  kPostprocess,       // Layers -> Allocation: span, rank, ramp, waterfill, dsa, uniform, ...
  kRefinement,        // (Allocation, Layers) -> Allocation: within
};

// Identifiers are indices into Operators(); names, not identifiers, are stored and sent.
enum class OperatorId : uint8_t;

// A numeric argument of an operator, with the closed range that mutation and Validate respect.
struct OperatorParameter {
  std::string_view name;
  double minimum;
  double maximum;
  double default_value;
  double step;  // allowed values are multiples of it; 0: any
};

// What a kernel does with arguments outside its mathematical domain.
//   kTotal  every finite input has a finite result
//   kIeee   NaN or infinity by IEEE 754; the evaluator's bad-value rule applies (see allocation.h)
enum class DomainRule : uint8_t { kTotal, kIeee };

struct Operator {
  std::string_view name;
  std::string_view
      alias;  // DSA's upper-case name, empty if DSA has none or it means another operator
  OperatorKind kind;
  int arity;
  std::span<const OperatorParameter> parameters;
  DomainRule domain;
  bool commutative;
  std::string_view latex;    // {} stands for each child, in order; <name> for a parameter
  std::string_view meaning;  // exact definition; for tensors, what the kernels of pruning/ compute
  std::string_view source;   // paper or code the definition is taken from
};

// All operators, in identifier order. Static lifetime.
std::span<const Operator> Operators();

const Operator& OperatorOf(OperatorId id);

// Finds by name or alias. `nullptr` if there is none.
const Operator* FindOperator(std::string_view name);

// Identifier of the operator called `name`, which must exist: for code that names an operator
// literally.
OperatorId IdOf(std::string_view name);

// Fingerprint (64-bit FNV-1a) of names, aliases, kinds, arities, parameters, domain rules and
// definitions: two processes whose values differ must not exchange tasks.
uint64_t OperatorTableHash();

// Scalar kernel of an element-wise operator; the double-precision meaning of the tensor kernel.
// `nullptr` for any other operator.
using ScalarKernel = double (*)(double);
ScalarKernel ScalarKernelOf(OperatorId id);

}  // namespace strata::expr

#endif  // STRATA_EXPR_OPERATOR_TABLE_H_

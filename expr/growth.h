// Random subtrees of a given type and size. Private to expr/.
#ifndef STRATA_EXPR_GROWTH_H_
#define STRATA_EXPR_GROWTH_H_

#include <array>
#include <vector>

#include "expr/expression.h"
#include "expr/variation.h"

namespace strata::expr {

inline constexpr size_t kOperatorKinds = static_cast<size_t>(OperatorKind::kRefinement) + 1;

class Growth {
 public:
  // Both must outlive the object.
  Growth(RandomGenerator& random, const VariationOptions& options);

  // A subtree of the type with at most `nodes` nodes and `depth` levels, both at least 1. A Tensor
  // needs one of Sources(kTensor).
  Expression Subtree(ValueType type, int nodes, int depth);

  // `op` with drawn parameters above `children`, which are of types it accepts.
  Expression Node(OperatorId op, std::vector<Expression> children);

  double Parameter(const OperatorParameter& parameter);

  // A value near `value`, within the parameter's range: a factor for positive ranges, a step
  // relative to the magnitude for others, whole steps where only those are allowed.
  double Perturbed(const OperatorParameter& parameter, double value);

  // The options' sources of type Tensor or Layers that are not excluded; no tensors if all
  // reductions are.
  const std::vector<OperatorId>& Sources(ValueType type) const;

  bool IsAllowed(OperatorId op) const { return allowed_[static_cast<size_t>(op)]; }

  // Whether a whole subtree may be introduced.
  bool IsAllowed(const Expression& subtree) const;

  // The operators of a kind that are not excluded.
  const std::vector<OperatorId>& Allowed(OperatorKind kind) const {
    return by_kind_[static_cast<size_t>(kind)];
  }

  // One of them, uniformly; there must be one.
  OperatorId AnyOf(OperatorKind kind);

  uint64_t Below(size_t bound) { return random_.Below(bound); }
  double Unit() { return random_.Uniform(0, 1); }

 private:
  Expression Tensor(int nodes, int depth);
  Expression Layers(int nodes, int depth);
  Expression Binary(int nodes, int depth);
  Expression Refinement(int nodes, int depth);
  Expression LayersLeaf();
  Expression Allocation(int nodes, int depth);

  RandomGenerator& random_;
  std::vector<bool> allowed_;  // by operator
  std::array<std::vector<OperatorId>, kOperatorKinds> by_kind_;
  std::vector<OperatorId> tensor_sources_;
  std::vector<OperatorId> layers_sources_;
  int smallest_measured_;  // nodes of the smallest Layers tree that is not a constant
};

}  // namespace strata::expr

#endif  // STRATA_EXPR_GROWTH_H_

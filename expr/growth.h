// Random subtrees of a given type and size. Private to expr/.
#ifndef STRATA_EXPR_GROWTH_H_
#define STRATA_EXPR_GROWTH_H_

#include <array>
#include <vector>

#include "expr/expression.h"
#include "expr/variation.h"

namespace strata::expr {

inline constexpr size_t kOperatorKinds = static_cast<size_t>(OperatorKind::kAdjustment) + 1;

class Growth {
 public:
  // `random` and `options` must outlive the object.
  Growth(RandomGenerator& random, const VariationOptions& options);

  // Returns a random subtree of the type with at most `nodes` nodes and at most `depth` nodes from
  // its root to a leaf. Both numbers are at least 1. For kTensor, tensor_sources() must not be
  // empty.
  Expression Subtree(ValueType type, int nodes, int depth);

  // Returns `op` above `children`, with random parameters. `op` must accept the children's types.
  Expression Node(OperatorId op, std::vector<Expression> children);

  double Parameter(const OperatorParameter& parameter);

  // Returns a random value near `value`, within the parameter's range. A parameter with steps moves
  // by whole steps. Otherwise a positive range gets a random factor, and any other range a step
  // relative to the magnitude of `value`.
  double Perturbed(const OperatorParameter& parameter, double value);

  // Returns the options' tensor sources that are not excluded; none if all reductions are excluded.
  const std::vector<OperatorId>& tensor_sources() const { return tensor_sources_; }

  // Returns a source of the type, or, for kUnits, one of the options' terms of at most `nodes`
  // nodes and `depth` levels. A constant is returned if there is neither. For kTensor,
  // tensor_sources() must not be empty.
  Expression Leaf(ValueType type, int nodes, int depth);

  bool IsAllowed(OperatorId op) const { return allowed_[static_cast<size_t>(op)]; }

  // True if no operator of the subtree is excluded.
  bool IsAllowed(const Expression& subtree) const;

  // Returns the operators of a kind that are not excluded.
  const std::vector<OperatorId>& Allowed(OperatorKind kind) const {
    return by_kind_[static_cast<size_t>(kind)];
  }

  // Returns one operator of Allowed(kind), drawn uniformly. There must be at least one.
  OperatorId AnyOf(OperatorKind kind);

  uint64_t Below(size_t bound) { return random_.Below(bound); }
  double Unit() { return random_.Uniform(0, 1); }

 private:
  Expression Tensor(int nodes, int depth);
  Expression Units(int nodes, int depth);
  Expression Binary(int nodes, int depth);
  Expression Adjustment(int nodes, int depth);
  Expression Allocation(int nodes, int depth);

  RandomGenerator& random_;
  std::vector<bool> allowed_;  // indexed by operator
  std::array<std::vector<OperatorId>, kOperatorKinds> by_kind_;
  std::vector<OperatorId> tensor_sources_;
  std::vector<OperatorId> unit_sources_;
  const std::vector<Expression>& terms_;  // of the options
  int smallest_measured_;  // number of nodes of the smallest Units tree that is not a constant
};

}  // namespace strata::expr

#endif  // STRATA_EXPR_GROWTH_H_

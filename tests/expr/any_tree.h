// Random valid trees over every operator of the table. Each operator is equally likely wherever its
// type fits. Tests that walk the whole grammar use these trees, because the search's own random
// trees prefer some operators.
#ifndef STRATA_TESTS_EXPR_ANY_TREE_H_
#define STRATA_TESTS_EXPR_ANY_TREE_H_

#include <utility>
#include <vector>

#include "expr/expression.h"
#include "expr/grammar.h"
#include "tests/expr/test_support.h"

namespace strata::expr {

class AnyTree {
 public:
  explicit AnyTree(RandomGenerator& random) : random_(random) {}

  // Returns a tree of at most `levels` levels, and two more if a type needs them.
  Expression Of(ValueType type, int levels) {
    std::vector<OperatorId> fitting;
    for (size_t i = 0; i < Operators().size(); ++i) {
      const Operator& row = Operators()[i];
      if (Gives(row, type) && (levels > 1 || row.arity == 0 || !HasLeaf(type))) {
        fitting.push_back(static_cast<OperatorId>(i));
      }
    }
    const OperatorId op = fitting[random_.Below(fitting.size())];
    const Operator& row = OperatorOf(op);
    Expression node{op, {}, {}};
    for (const OperatorParameter& parameter : row.parameters) {
      double value = random_.Uniform(parameter.minimum, parameter.maximum);
      if (parameter.step > 0) {
        value = parameter.minimum + parameter.step * static_cast<double>(random_.Below(3));
      }
      node.parameters.push_back(value);
    }
    for (int child = 0; child < row.arity; ++child) {
      node.children.push_back(Of(ChildType(row, static_cast<size_t>(child), type), levels - 1));
    }
    return node;
  }

 private:
  static bool HasLeaf(ValueType type) { return type != ValueType::kAllocation; }

  static bool Gives(const Operator& row, ValueType type) {
    switch (row.kind) {
      case OperatorKind::kTensorSource:
      case OperatorKind::kWholeTensor:
        return type == ValueType::kTensor;
      case OperatorKind::kElementwise:
        return type != ValueType::kAllocation;
      case OperatorKind::kPostprocess:
      case OperatorKind::kDescent:
      case OperatorKind::kAdjustment:
        return type == ValueType::kAllocation;
      default:
        return type == ValueType::kUnits;
    }
  }

  static ValueType ChildType(const Operator& row, size_t child, ValueType type) {
    if (row.kind == OperatorKind::kElementwise) return type;
    for (const ValueType candidate :
         {ValueType::kAllocation, ValueType::kTensor, ValueType::kUnits}) {
      if (Accepts(row, child, candidate)) return candidate;
    }
    return ValueType::kUnits;
  }

  RandomGenerator& random_;
};

}  // namespace strata::expr

#endif  // STRATA_TESTS_EXPR_ANY_TREE_H_

#include "expr/rewrite_tree.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "expr/grammar.h"
#include "expr/kernels.h"

namespace strata::expr {

const RewriteOperators& Ops() {
  static const RewriteOperators operators;
  return operators;
}

bool IsNegativeConstant(const Expression& node) {
  return IsConstant(node) && node.parameters[0] < 0;
}

bool IsNonnegativeTensor(const Expression& node) {
  const auto& op = Ops();
  return IsOneOf(node, {op.wanda, op.input, op.gradient, op.abs, op.pow2, op.exp, op.sigmoid,
                        op.softplus, op.acos, op.mms});
}

bool HasNegativeFactor(const Expression& node) {
  return IsOneOf(node, {Ops().times, Ops().over}) &&
         (IsNegativeConstant(node.children[0]) || IsNegativeConstant(node.children[1]));
}

bool FlipFactor(Expression& node) {
  if (!IsOneOf(node, {Ops().times, Ops().over})) return false;
  Expression* chosen = nullptr;
  for (Expression& child : node.children) {
    if (!IsConstant(child) || child.parameters[0] == 0) continue;  // a zero may have no sign
    if (chosen == nullptr || (IsNegativeConstant(child) && !IsNegativeConstant(*chosen))) {
      chosen = &child;
    }
  }
  if (chosen == nullptr) return false;
  chosen->parameters[0] = -chosen->parameters[0];
  return true;
}

bool IsIndicator(const Expression& node) {
  static const std::vector<bool> table = [] {
    std::vector<bool> indicators(Operators().size(), false);
    for (const std::string_view name :
         {"last", "attention", "query", "key", "value", "output", "gate", "up", "down"}) {
      indicators[static_cast<size_t>(IdOf(name))] = true;
    }
    return indicators;
  }();
  return table[static_cast<size_t>(node.op)];
}

const Expression* OnlyIndicator(const Expression& node) {
  if (IsIndicator(node)) return &node;
  const OperatorKind kind = OperatorOf(node.op).kind;
  if (kind != OperatorKind::kElementwise && kind != OperatorKind::kBinary) return nullptr;
  const Expression* only = nullptr;
  for (const Expression& child : node.children) {
    if (IsConstant(child)) continue;
    const Expression* indicator = OnlyIndicator(child);
    if (indicator == nullptr || (only != nullptr && *only != *indicator)) return nullptr;
    only = indicator;
  }
  return only;
}

double ValueAt(const Expression& node, double value, ValueRule rule) {
  double result = value;
  if (IsConstant(node)) {
    result = node.parameters[0];
  } else if (!node.children.empty()) {
    const double first = ValueAt(node.children[0], value, rule);
    result = node.children.size() == 1
                 ? ScalarKernelOf(node.op)(first)
                 : BinaryKernelOf(node.op)(first, ValueAt(node.children[1], value, rule),
                                           node.parameters);
  }
  return rule == ValueRule::kTotal ? Total(result) : SinglePrecision(result);
}

void Promote(Expression& node, size_t child) {
  Expression promoted = std::move(node.children[child]);
  node = std::move(promoted);
}

void PromoteChild(Expression& node, size_t child) { Promote(node.children[child]); }

void SwapWithChild(Expression& node) {
  std::swap(node.op, node.children[0].op);
  std::swap(node.parameters, node.children[0].parameters);
}

void WrapIn(Expression& node, OperatorId op) {
  Expression parent{op, {}, {}};
  parent.children.push_back(std::move(node));
  node = std::move(parent);
}

bool BecomeConstant(Expression& node, double value) {
  Expression constant{Ops().constant, {value}, {}};
  if (!CheckNode(constant).ok()) return false;
  node = std::move(constant);
  return true;
}

int Compare(const Expression& a, const Expression& b) {
  if (a.op != b.op) {
    if (IsConstant(a) != IsConstant(b)) return IsConstant(a) ? -1 : 1;
    return OperatorOf(a.op).name < OperatorOf(b.op).name ? -1 : 1;
  }
  for (size_t i = 0; i < std::min(a.children.size(), b.children.size()); ++i) {
    const int order = Compare(a.children[i], b.children[i]);
    if (order != 0) return order;
  }
  for (size_t i = 0; i < std::min(a.parameters.size(), b.parameters.size()); ++i) {
    if (a.parameters[i] != b.parameters[i]) return a.parameters[i] < b.parameters[i] ? -1 : 1;
  }
  return 0;
}

}  // namespace strata::expr

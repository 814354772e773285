#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "expr/grammar.h"
#include "expr/kernels.h"
#include "expr/rewrite_tree.h"
#include "expr/value_facts.h"

namespace strata::expr {
namespace {

OperatorId Opposite(OperatorId op) { return op == Ops().min ? Ops().max : Ops().min; }

// Collects the operands of nested min(...), or nested max(...), from left to right.
void Flatten(const Expression& node, OperatorId op, std::vector<const Expression*>& operands) {
  if (node.op != op) {
    operands.push_back(&node);
    return;
  }
  for (const Expression& child : node.children) Flatten(child, op, operands);
}

// Returns the operands sorted, each once, with all constants merged.
std::vector<Expression> Normalized(const std::vector<const Expression*>& operands, OperatorId op) {
  std::vector<Expression> sorted;
  for (const Expression* operand : operands) sorted.push_back(*operand);
  std::sort(sorted.begin(), sorted.end(),
            [](const Expression& a, const Expression& b) { return Compare(a, b) < 0; });
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  while (sorted.size() > 1 && IsConstant(sorted[1])) {  // constants come first
    sorted[1].parameters[0] =
        BinaryKernelOf(op)(sorted[0].parameters[0], sorted[1].parameters[0], {});
    sorted.erase(sorted.begin());
  }
  return sorted;
}

bool NestedOperands(Expression& node, const Context&) {
  std::vector<const Expression*> operands;
  Flatten(node, node.op, operands);
  const OperatorId op = node.op;
  std::vector<Expression> sorted = Normalized(operands, op);
  Expression chain = std::move(sorted[0]);
  for (size_t i = 1; i < sorted.size(); ++i) {
    WrapIn(chain, op);
    chain.children.push_back(std::move(sorted[i]));
  }
  if (chain == node) return false;
  node = std::move(chain);
  return true;
}

bool Absorption(Expression& node, const Context&) {
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const Expression& inner = node.children[side];
    const Expression& other = node.children[1 - side];
    if (inner.op != Opposite(node.op)) continue;
    if (inner.children[0] != other && inner.children[1] != other) continue;
    Promote(node, 1 - side);
    return true;
  }
  return false;
}

bool DecidedByBounds(Expression& node, const Context&) {
  const ValueFacts x = FactsOf(node.children[0]);
  const ValueFacts y = FactsOf(node.children[1]);
  const bool larger = node.op == Ops().max;
  if (x.low >= y.high) {
    Promote(node, larger ? 0 : 1);
    return true;
  }
  if (y.low < x.high) return false;
  Promote(node, larger ? 1 : 0);
  return true;
}

bool WithOwnNegation(Expression& node, const Context&) {
  for (const size_t side : {size_t{0}, size_t{1}}) {
    if (!IsNegation(node.children[side])) continue;
    if (node.children[side].children[0] != node.children[1 - side]) continue;
    const bool larger = node.op == Ops().max;
    Promote(node, 1 - side);
    WrapIn(node, Ops().abs);
    if (!larger) WrapIn(node, Ops().neg);
    return true;
  }
  return false;
}

bool WithOwnMagnitude(Expression& node, const Context&) {
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const Expression& operand = node.children[side];
    const bool negated = IsNegation(operand);
    const Expression& magnitude = negated ? operand.children[0] : operand;
    if (magnitude.op != Ops().abs || magnitude.children[0] != node.children[1 - side]) continue;
    const bool takes_operand = (node.op == Ops().max) != negated;
    Promote(node, takes_operand ? side : 1 - side);
    return true;
  }
  return false;
}

bool SharedOperand(Expression& node, const Context&) {
  const OperatorId inner = Opposite(node.op);
  Expression& x = node.children[0];
  Expression& y = node.children[1];
  if (x.op != inner || y.op != inner) return false;
  for (const size_t i : {size_t{0}, size_t{1}}) {
    for (const size_t j : {size_t{0}, size_t{1}}) {
      if (x.children[i] != y.children[j]) continue;
      Expression rest{node.op, {}, {std::move(x.children[1 - i]), std::move(y.children[1 - j])}};
      Expression shared = std::move(x.children[i]);
      node = Expression{inner, {}, {std::move(shared), std::move(rest)}};
      return true;
    }
  }
  return false;
}

bool NegatedOperands(Expression& node, const Context&) {
  bool negated = false;
  for (const Expression& child : node.children) {
    if (!IsNegation(child) && !IsConstant(child)) return false;
    negated |= IsNegation(child);
  }
  if (!negated) return false;
  for (size_t i = 0; i < 2; ++i) {
    if (IsNegation(node.children[i])) {
      PromoteChild(node, i);
    } else {
      node.children[i].parameters[0] = -node.children[i].parameters[0];
    }
  }
  if (node.op != Ops().mix) node.op = Opposite(node.op);
  WrapIn(node, Ops().neg);
  return true;
}

// Swapping the weights is exact, and as short to write, for halves and quarters, but not for 0.3
// and 0.7.
bool MixOrder(Expression& node, const Context&) {
  const double weight = node.parameters[0];
  const double other = 1 - weight;
  if (1 - other != weight || FormatNumber(other).size() > FormatNumber(weight).size()) return false;
  if (Compare(node.children[0], node.children[1]) <= 0) return false;
  std::swap(node.children[0], node.children[1]);
  node.parameters[0] = other;
  return true;
}

bool MixWithZero(Expression& node, const Context&) {
  const bool left = IsConstant(node.children[0], 0);
  if (!left && !IsConstant(node.children[1], 0)) return false;
  const double factor = left ? 1 - node.parameters[0] : node.parameters[0];
  if (FormatNumber(factor).size() > 8) return false;
  if (left) std::swap(node.children[0], node.children[1]);
  node.children[1].parameters[0] = factor;
  node.op = Ops().times;
  node.parameters.clear();
  return true;
}

constexpr RewriteRule kRules[] = {
    {"nested-min-max", "min max", Scope::kAlways,
     "max(max(c, x), max(d, x)) = max(max(c, d), x), sorted",
     "associative, commutative and idempotent to the bit", NestedOperands},
    {"absorption", "min max", Scope::kTotal, "max(x, min(x, y)) = x", "x and y are numbers",
     Absorption},
    {"min-max-by-bounds", "min max", Scope::kTotal, "max(x, y) = x for x >= y everywhere",
     "by the bounds of x and y", DecidedByBounds},
    {"min-max-with-negation", "min max", Scope::kAlways,
     "max(x, -x) = abs(x), min(x, -x) = -abs(x)", "one of two equal magnitudes", WithOwnNegation},
    {"min-max-with-magnitude", "min max", Scope::kTotal,
     "max(x, abs(x)) = abs(x), min(x, abs(x)) = x, max(x, -abs(x)) = x",
     "x and its magnitude are numbers, of which none is rounded", WithOwnMagnitude},
    {"shared-operand", "min max", Scope::kTotal, "max(min(x, y), min(x, z)) = min(x, max(y, z))",
     "each result is one of the numbers", SharedOperand},
    {"min-max-of-negations", "min max mix", Scope::kAlways,
     "max(-x, -y) = -min(x, y), max(-x, c) = -min(x, -c), mix(-x, -y) = -mix(x, y)",
     "order is mirrored and rounding symmetric", NegatedOperands},
    {"mix-order", "mix", Scope::kTotal, "mix(y, x, w) = mix(x, y, 1 - w)",
     "where both weights are exact complements", MixOrder},
    {"mix-with-zero", "mix", Scope::kTotal, "mix(x, 0, w) = w * x",
     "the other term is 0 and x has no negative zero", MixWithZero},
};

}  // namespace

std::span<const RewriteRule> MinMaxMixRules() { return kRules; }

}  // namespace strata::expr

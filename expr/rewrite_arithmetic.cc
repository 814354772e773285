#include <cmath>
#include <utility>

#include "expr/grammar.h"
#include "expr/rewrite_tree.h"
#include "expr/value_facts.h"

namespace strata::expr {
namespace {

bool Excludes(const ValueFacts& facts, double value) {
  return facts.low > value || facts.high < value;
}

bool UnitFactor(Expression& node, const Context&) {
  if (IsConstant(node.children[1], 1)) {
    Promote(node, 0);
    return true;
  }
  if (node.op != Ops().times || !IsConstant(node.children[0], 1)) return false;
  Promote(node, 1);
  return true;
}

bool MinusUnitFactor(Expression& node, const Context&) {
  const bool left = node.op == Ops().times && IsConstant(node.children[0], -1);
  if (!left && !IsConstant(node.children[1], -1)) return false;
  Promote(node, left ? 1 : 0);
  WrapIn(node, Ops().neg);
  return true;
}

bool ZeroTerm(Expression& node, const Context&) {
  if (IsConstant(node.children[1], 0)) {
    Promote(node, 0);
    return true;
  }
  if (!IsConstant(node.children[0], 0)) return false;
  const bool negated = node.op == Ops().minus;
  Promote(node, 1);
  if (negated) WrapIn(node, Ops().neg);
  return true;
}

bool ZeroFactor(Expression& node, const Context&) {
  const bool right = node.op == Ops().times && IsConstant(node.children[1], 0);
  return (right || IsConstant(node.children[0], 0)) && BecomeConstant(node, 0);
}

bool DifferenceOfEquals(Expression& node, const Context&) {
  return node.children[0] == node.children[1] && BecomeConstant(node, 0);
}

bool QuotientOfEquals(Expression& node, const Context&) {
  return node.children[0] == node.children[1] && Excludes(FactsOf(node.children[0]), 0) &&
         BecomeConstant(node, 1);
}

bool SumOfEquals(Expression& node, const Context&) {
  if (node.children[0] != node.children[1]) return false;
  node.op = Ops().times;
  node.children[0] = Expression{Ops().constant, {2}, {}};
  return true;
}

bool ProductOfEquals(Expression& node, const Context&) {
  if (node.children[0] != node.children[1]) return false;
  node.op = Ops().pow2;
  node.children.pop_back();
  return true;
}

bool SumWithNegation(Expression& node, const Context&) {
  if (IsNegation(node.children[1])) {
    node.op = node.op == Ops().plus ? Ops().minus : Ops().plus;
    PromoteChild(node, 1);
    return true;
  }
  if (node.op != Ops().plus || !IsNegation(node.children[0])) return false;
  std::swap(node.children[0], node.children[1]);
  return SumWithNegation(node, {});
}

bool NegationMinus(Expression& node, const Context& context) {
  if (!IsNegation(node.children[0])) return false;
  Expression& y = node.children[1];
  if (IsConstant(y)) {
    PromoteChild(node, 0);
    y.parameters[0] = -y.parameters[0];
    std::swap(node.children[0], node.children[1]);
    return true;
  }
  if (!context.total()) return false;
  node.op = Ops().plus;
  PromoteChild(node, 0);
  WrapIn(node, Ops().neg);
  return true;
}

bool NegativeShift(Expression& node, const Context&) {
  if (node.op == Ops().plus && IsNegativeConstant(node.children[0])) {
    std::swap(node.children[0], node.children[1]);
  }
  Expression& c = node.children[1];
  if (!IsNegativeConstant(c)) return false;
  c.parameters[0] = -c.parameters[0];
  node.op = node.op == Ops().plus ? Ops().minus : Ops().plus;
  return true;
}

bool NegativeTerm(Expression& node, const Context&) {
  if (node.op == Ops().plus && HasNegativeFactor(node.children[0]) &&
      !HasNegativeFactor(node.children[1])) {
    std::swap(node.children[0], node.children[1]);
  }
  if (!HasNegativeFactor(node.children[1])) return false;
  FlipFactor(node.children[1]);
  node.op = node.op == Ops().plus ? Ops().minus : Ops().plus;
  return true;
}

bool NegatedFactor(Expression& node, const Context& context) {
  for (const size_t side : {size_t{0}, size_t{1}}) {
    if (!IsNegation(node.children[side])) continue;
    const bool divisor = node.op == Ops().over && side == 1;
    if (divisor && context.total() && !Excludes(FactsOf(node.children[1]), 0)) continue;
    PromoteChild(node, side);
    WrapIn(node, Ops().neg);
    return true;
  }
  return false;
}

bool AbsoluteFactors(Expression& node, const Context&) {
  if (node.children[0].op != Ops().abs || node.children[1].op != Ops().abs) return false;
  PromoteChild(node, 0);
  PromoteChild(node, 1);
  WrapIn(node, Ops().abs);
  return true;
}

bool PowerOfTwoDivisor(Expression& node, const Context&) {
  Expression& divisor = node.children[1];
  if (!IsConstant(divisor) || divisor.parameters[0] == 0) return false;
  int exponent = 0;
  if (std::frexp(std::fabs(divisor.parameters[0]), &exponent) != 0.5) return false;
  Expression factor{Ops().constant, {1 / divisor.parameters[0]}, {}};
  // Larger exponents would not give single-precision numbers under dsa(...).
  if (!CheckNode(factor).ok() || std::abs(exponent) > 100) return false;
  divisor = std::move(factor);
  std::swap(node.children[0], node.children[1]);
  node.op = Ops().times;
  return true;
}

bool OperandOrder(Expression& node, const Context&) {
  if (Compare(node.children[0], node.children[1]) <= 0) return false;
  std::swap(node.children[0], node.children[1]);
  return true;
}

bool ReversedOperands(Expression& node, const Context&) {
  bool reversed = false;
  for (const Expression& child : node.children) {
    if (child.op != Ops().reverse && !IsConstant(child)) return false;
    reversed |= child.op == Ops().reverse;
  }
  if (!reversed) return false;
  for (size_t i = 0; i < 2; ++i) {
    if (!IsConstant(node.children[i])) PromoteChild(node, i);
  }
  WrapIn(node, Ops().reverse);
  return true;
}

constexpr RewriteRule kRules[] = {
    {"unit-factor", "* /", Scope::kAlways, "1 * x = x / 1 = x", "exact", UnitFactor},
    {"minus-unit-factor", "* /", Scope::kAlways, "-1 * x = x / -1 = -x", "exact", MinusUnitFactor},
    {"zero-term", "+ -", Scope::kTotal, "x + 0 = x - 0 = x, 0 - x = -x",
     "exact where zeros have no sign", ZeroTerm},
    {"zero-factor", "* /", Scope::kTotal, "0 * x = 0 / x = 0",
     "x is finite, and 0 / 0 = NaN becomes 0", ZeroFactor},
    {"difference-of-equals", "-", Scope::kTotal, "x - x = 0", "x is finite", DifferenceOfEquals},
    {"quotient-of-equals", "/", Scope::kTotal, "x / x = 1 for x that is nowhere 0",
     "by the bounds of x", QuotientOfEquals},
    {"sum-of-equals", "+", Scope::kAlways, "x + x = 2 * x", "doubling is exact", SumOfEquals},
    {"product-of-equals", "*", Scope::kAlways, "x * x = pow2(x)", "the same product",
     ProductOfEquals},
    {"sum-with-negation", "+ -", Scope::kAlways, "x + -y = x - y, x - -y = x + y",
     "subtraction is addition of the negative", SumWithNegation},
    {"negation-minus", "-", Scope::kAlways, "-x - c = -c - x; outside dsa -x - y = -(x + y)",
     "rounding is symmetric; the second only where zeros have no sign", NegationMinus},
    {"negative-shift", "+ -", Scope::kAlways, "x + -c = x - c, x - -c = x + c",
     "subtraction is addition of the negative", NegativeShift},
    {"negative-term", "+ -", Scope::kAlways, "y + -c * x = y - c * x",
     "signs multiply exactly; so for x / c and c / x", NegativeTerm},
    {"negated-factor", "* /", Scope::kAlways,
     "-x * y = -(x * y), -x / y = -(x / y), x / -y = -(x / y) for y that is nowhere 0",
     "signs multiply exactly; y = 0 loses its sign outside dsa", NegatedFactor},
    {"absolute-factors", "* /", Scope::kAlways, "abs(x) * abs(y) = abs(x * y)",
     "magnitudes multiply and divide exactly", AbsoluteFactors},
    {"power-of-two-divisor", "/", Scope::kAlways, "x / k = 1/k * x", "1/k is exact",
     PowerOfTwoDivisor},
    {"operand-order", "+ *", Scope::kAlways, "y + x = x + y", "rounding is symmetric",
     OperandOrder},
    {"reversed-operands", "+ - * / min max mix", Scope::kAlways,
     "reverse(x) + reverse(y) = reverse(x + y), reverse(x) + c = reverse(x + c)",
     "the operators look at one unit at a time", ReversedOperands},
};

}  // namespace

std::span<const RewriteRule> ArithmeticRules() { return kRules; }

}  // namespace strata::expr

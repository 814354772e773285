#include <utility>

#include "expr/rewrite_tree.h"
#include "expr/value_facts.h"

namespace strata::expr {
namespace {

// True if the operator itself never gives a negative number or negative zero, under both rules and
// on tensors.
bool IsNonnegativeOperator(const Expression& node) {
  const auto& op = Ops();
  return IsOneOf(node, {op.abs, op.pow2, op.exp, op.sigmoid, op.softplus, op.acos, op.wanda,
                        op.input, op.gradient, op.mms, op.minmax, op.kindminmax, op.ranks,
                        op.softmax, op.depth, op.size, op.fan, op.last, op.attention});
}

bool DoubleNegation(Expression& node, const Context&) {
  if (!IsNegation(node.children[0])) return false;
  Promote(node);
  Promote(node);
  return true;
}

bool AbsOfNonnegative(Expression& node, const Context& context) {
  const Expression& x = node.children[0];
  if (!IsNonnegativeOperator(x) && !(context.total() && FactsOf(x).low >= 0)) return false;
  Promote(node);
  return true;
}

bool AbsOfNonpositive(Expression& node, const Context&) {
  if (FactsOf(node.children[0]).high > 0) return false;
  node.op = Ops().neg;
  return true;
}

bool EvenOfSign(Expression& node, const Context&) {
  if (!IsOneOf(node.children[0], {Ops().neg, Ops().abs})) return false;
  PromoteChild(node);
  return true;
}

bool EvenOfDifference(Expression& node, const Context&) {
  Expression& x = node.children[0];
  if (x.op != Ops().minus || Compare(x.children[0], x.children[1]) <= 0) return false;
  std::swap(x.children[0], x.children[1]);
  return true;
}

bool EvenOfNegativeFactor(Expression& node, const Context&) {
  return HasNegativeFactor(node.children[0]) && FlipFactor(node.children[0]);
}

bool OddOfNegation(Expression& node, const Context&) {
  if (!IsNegation(node.children[0])) return false;
  SwapWithChild(node);
  return true;
}

bool NegatedOddOfMultiple(Expression& node, const Context&) {
  const auto& op = Ops();
  Expression& f = node.children[0];
  if (!IsOneOf(f, {op.sin, op.tan, op.tanh, op.asin, op.atan})) return false;
  if (!FlipFactor(f.children[0])) return false;
  Promote(node);
  return true;
}

bool NegatedDifference(Expression& node, const Context&) {
  Expression& x = node.children[0];
  if (x.op != Ops().minus) return false;
  std::swap(x.children[0], x.children[1]);
  Promote(node);
  return true;
}

bool NegatedMultiple(Expression& node, const Context&) {
  if (!FlipFactor(node.children[0])) return false;
  Promote(node);
  return true;
}

bool NegatedShift(Expression& node, const Context&) {
  Expression& x = node.children[0];
  if (x.op != Ops().plus) return false;
  if (IsConstant(x.children[1])) std::swap(x.children[0], x.children[1]);
  if (!IsConstant(x.children[0])) return false;
  x.op = Ops().minus;
  x.children[0].parameters[0] = -x.children[0].parameters[0];
  Promote(node);
  return true;
}

bool ReverseInside(Expression& node, const Context&) {
  if (node.children[0].op != Ops().reverse) return false;
  SwapWithChild(node);
  return true;
}

bool AbslogOfPositive(Expression& node, const Context&) {
  if (FactsOf(node.children[0]).low <= 0) return false;
  node.op = Ops().log;
  return true;
}

bool SoftplusOfLarge(Expression& node, const Context&) {
  if (FactsOf(node.children[0]).low <= 20) return false;
  Promote(node);
  return true;
}

bool OutsideTheDomain(Expression& node, const Context&) {
  const auto& op = Ops();
  const ValueFacts x = FactsOf(node.children[0]);
  const bool root_or_log = IsOneOf(node, {op.sqrt, op.log});
  if (root_or_log ? x.high >= 0 : x.low <= 1 && x.high >= -1) return false;
  return BecomeConstant(node, 0);
}

bool LogposOfNonpositive(Expression& node, const Context&) {
  if (FactsOf(node.children[0]).high > 0 || IsConstant(node.children[0])) return false;
  node.children[0] = Expression{Ops().constant, {0}, {}};
  return true;
}

constexpr std::string_view kUnary =
    "abs log logpos abslog pow2 exp sigmoid tanh sin cos tan asin acos atan softplus sqrt neg";

constexpr RewriteRule kRules[] = {
    {"double-negation", "neg", Scope::kAlways, "-(-x) = x", "a sign bit flipped twice",
     DoubleNegation},
    {"abs-of-nonnegative", "abs", Scope::kAlways, "abs(x) = x for x >= 0",
     "WX, X, G, l1(...), depth, exp(x), ...: bounds follow from definitions", AbsOfNonnegative},
    {"abs-of-nonpositive", "abs", Scope::kTotal, "abs(x) = -x for x <= 0", "by the bounds of x",
     AbsOfNonpositive},
    {"even-of-sign", "abs pow2 abslog cos", Scope::kAlways, "f(-x) = f(abs(x)) = f(x)",
     "the kernels look at the magnitude alone", EvenOfSign},
    {"even-of-difference", "abs pow2 abslog cos", Scope::kAlways, "f(x - y) = f(y - x)",
     "rounding is symmetric", EvenOfDifference},
    {"even-of-negative-factor", "abs pow2 abslog cos", Scope::kAlways, "f(-c * x) = f(c * x)",
     "rounding is symmetric; so for x / c and c / x", EvenOfNegativeFactor},
    {"odd-of-negation", "sin tan tanh asin atan", Scope::kAlways, "f(-x) = -f(x)",
     "the kernels are odd to the bit", OddOfNegation},
    {"negated-odd-of-multiple", "neg", Scope::kAlways, "-f(c * x) = f(-c * x), f odd",
     "the kernels are odd to the bit; so for x / c and c / x", NegatedOddOfMultiple},
    {"negated-difference", "neg", Scope::kTotal, "-(x - y) = y - x",
     "rounding is symmetric; a zero has no sign", NegatedDifference},
    {"negated-multiple", "neg", Scope::kAlways, "-(c * x) = -c * x",
     "signs multiply exactly; so for x / c and c / x", NegatedMultiple},
    {"negated-shift", "neg", Scope::kTotal, "-(c + x) = -c - x",
     "rounding is symmetric; a zero has no sign", NegatedShift},
    {"elementwise-of-reverse", kUnary, Scope::kAlways, "f(reverse(x)) = reverse(f(x))",
     "f looks at one unit at a time", ReverseInside},
    {"abslog-of-positive", "abslog", Scope::kTotal, "abslog(x) = log(x) for x > 0",
     "by the bounds of x", AbslogOfPositive},
    {"softplus-of-large", "softplus", Scope::kTotal, "softplus(x) = x for x > 20",
     "by definition and the bounds of x", SoftplusOfLarge},
    {"outside-the-domain", "sqrt log asin acos", Scope::kTotal, "f(x) = 0 outside f's domain",
     "NaN becomes 0; by the bounds of x", OutsideTheDomain},
    {"logpos-of-nonpositive", "logpos", Scope::kTotal, "logpos(x) = logpos(0) for x <= 0",
     "by definition and the bounds of x", LogposOfNonpositive},
};

}  // namespace

std::span<const RewriteRule> ElementwiseRules() { return kRules; }

}  // namespace strata::expr

#include <utility>

#include "expr/rewrite_tree.h"
#include "expr/value_facts.h"

namespace strata::expr {
namespace {

bool BecomeUniform(Expression& node) {
  node = Expression{Ops().uniform, {}, {}};
  return true;
}

bool UniformOperand(Expression& node, const Context&) {
  return FactsOf(node.children[0]).uniform && BecomeUniform(node);
}

// True if the node is made of numbers by operators that look at one unit at a time.
bool IsMadeOfConstants(const Expression& node) {
  if (IsConstant(node)) return true;
  const OperatorKind kind = OperatorOf(node.op).kind;
  if (kind != OperatorKind::kElementwise && kind != OperatorKind::kBinary) return false;
  for (const Expression& child : node.children) {
    if (!IsMadeOfConstants(child)) return false;
  }
  return true;
}

bool DsaOfConstants(Expression& node, const Context&) {
  return IsMadeOfConstants(node.children[0]) && BecomeUniform(node);
}

bool DsaOfIndicator(Expression& node, const Context&) {
  Expression& x = node.children[0];
  const Expression* indicator = OnlyIndicator(x);
  if (indicator == nullptr) return false;
  const double inside = DsaResult(ValueAt(x, 1, ValueRule::kSinglePrecision));
  const double outside = DsaResult(ValueAt(x, 0, ValueRule::kSinglePrecision));
  if (inside == outside) return BecomeUniform(node);
  Expression copy = *indicator;
  x = std::move(copy);
  if (inside < outside) WrapIn(x, Ops().neg);
  node.op = Ops().span;
  return true;
}

bool SpanOfRanks(Expression& node, const Context&) {
  Expression& x = node.children[0];
  Expression& scaled = IsNegation(x) ? x.children[0] : x;
  if (scaled.op != Ops().ranks) return false;
  Promote(scaled);
  node.op = Ops().rank;
  return true;
}

bool RankOfIndicator(Expression& node, const Context&) {
  const Expression& x = node.children[0];
  const Expression& indicator = IsNegation(x) ? x.children[0] : x;
  if (!IsIndicator(indicator)) return false;
  node.op = Ops().span;
  return true;
}

bool UniformDetails(Expression& node, const Context&) {
  Expression& x = node.children[1];
  if (!FactsOf(x).uniform) return false;
  Expression simpler{Ops().within, {}, {}};
  for (const OperatorParameter& parameter : OperatorOf(node.op).parameters) {
    simpler.parameters.push_back(parameter.default_value);
  }
  if (IsConstant(x, 0) && node.parameters == simpler.parameters) return false;
  x = Expression{Ops().constant, {0}, {}};
  node.parameters = std::move(simpler.parameters);
  return true;
}

bool NestedAdjustment(Expression& node, const Context&) {
  if (node.children[0].op != Ops().within) return false;
  PromoteChild(node, 0);
  return true;
}

bool UniformShift(Expression& node, const Context&) {
  if (node.parameters[0] != 0 && !FactsOf(node.children[1]).uniform) return false;
  Promote(node, 0);
  return true;
}

bool ShiftOfNegation(Expression& node, const Context&) {
  if (!IsNegation(node.children[1])) return false;
  Promote(node.children[1]);
  node.parameters[0] = -node.parameters[0];
  return true;
}

bool UniformGroups(Expression& node, const Context&) {
  Expression& x = node.children[0];
  return FactsOf(x).uniform && !IsConstant(x, 0) && BecomeConstant(x, 0);
}

bool DensityOfPositivePart(Expression& node, const Context&) {
  Expression& x = node.children[0];
  if (x.op != Ops().max) return false;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    if (FactsOf(x.children[side]).high > 0) continue;
    Promote(x, 1 - side);
    return true;
  }
  return false;
}

// True if every value of x is 0 or far from underflow, and of moderate size.
bool ScalesExactly(const Expression& x) {
  const ValueFacts facts = FactsOf(x);
  return facts.floor >= 1e-100 && facts.magnitude() <= 1e100;
}

bool DensityOfMultiple(Expression& node, const Context&) {
  Expression& x = node.children[0];
  if (!IsOneOf(x, {Ops().times, Ops().over})) return false;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const Expression& c = x.children[side];
    const Expression& operand = x.children[1 - side];
    if (!IsConstant(c) || c.parameters[0] == 0) continue;
    const double magnitude = c.parameters[0] < 0 ? -c.parameters[0] : c.parameters[0];
    if (magnitude < 1e-100 || !ScalesExactly(operand)) continue;
    const bool negative = c.parameters[0] < 0;
    if (x.op == Ops().over && side == 0) {
      if (magnitude == 1 || FactsOf(operand).low <= 0) continue;
      x.children[0].parameters[0] = negative ? -1 : 1;
      return true;
    }
    Promote(x, 1 - side);
    if (negative) WrapIn(x, Ops().neg);
    return true;
  }
  return false;
}

bool DirectOfShift(Expression& node, const Context&) {
  Expression& x = node.children[0];
  const auto fits = [](const Expression& values) {
    const ValueFacts facts = FactsOf(values);
    return facts.low >= -1 && facts.high <= 2;
  };
  if (!IsOneOf(x, {Ops().plus, Ops().minus}) || !fits(x)) return false;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    if (!IsConstant(x.children[side])) continue;
    Expression rest = x.children[1 - side];
    if (x.op == Ops().minus && side == 0) WrapIn(rest, Ops().neg);
    if (!fits(rest)) continue;
    x = std::move(rest);
    return true;
  }
  return false;
}

constexpr RewriteRule kRules[] = {
    {"uniform-operand", "span rank ramp waterfill logistic proportion density direct",
     Scope::kTotal, "span(x, ...) = uniform() for x equal in all units",
     "all units are treated alike", UniformOperand},
    {"dsa-of-constants", "dsa", Scope::kTotal, "dsa(c, ...) = uniform()",
     "all units are treated alike", DsaOfConstants},
    {"dsa-of-indicator", "dsa", Scope::kTotal, "dsa(f(x), a) = span(x, a) for indicators x",
     "two values have one shape; f's are compared by the evaluator's own kernels", DsaOfIndicator},
    {"span-of-ranks", "span", Scope::kTotal, "span(ranks(x), a) = rank(x, a)", "by definition",
     SpanOfRanks},
    {"rank-of-indicator", "rank", Scope::kTotal, "rank(x, a) = span(x, a) for indicators x",
     "two values have the shape of their places", RankOfIndicator},
    {"uniform-details", "within", Scope::kTotal,
     "within(A, x, ...) = within(A, 0, ...) for x equal in all units",
     "the units of a block share equally, whatever the bounds", UniformDetails},
    {"nested-adjustment", "within", Scope::kTotal, "within(within(A, x), y) = within(A, y)",
     "of the first operand only the blocks' means count, and within keeps them", NestedAdjustment},
    {"uniform-shift", "shift", Scope::kTotal,
     "shift(A, x, d) = A for d = 0 and for x equal in all units",
     "the sparsities are already projected", UniformShift},
    {"shift-of-negation", "shift", Scope::kTotal, "shift(A, -x, d) = shift(A, x, -d)",
     "mm(-x) = 1 - mm(x), and the projection shifts", ShiftOfNegation},
    {"uniform-groups", "nm", Scope::kTotal, "nm(x, ...) = nm(0, ...) for x equal in all units",
     "no shape", UniformGroups},
    {"density-of-positive-part", "density", Scope::kTotal,
     "density(max(c, x)) = density(x) for c <= 0", "density takes the positive part itself",
     DensityOfPositivePart},
    {"density-of-multiple", "density", Scope::kTotal,
     "density(c * x) = density(x), density(c / x) = density(1 / x)",
     "the factor is fitted; for x = 0 or far from underflow (size, fan, depth, ...)",
     DensityOfMultiple},
    {"direct-of-shift", "direct", Scope::kTotal, "direct(c + x) = direct(x)",
     "the projection shifts; for x and c + x within [-1, 2]", DirectOfShift},
};

}  // namespace

std::span<const RewriteRule> AllocationRules() { return kRules; }

}  // namespace strata::expr

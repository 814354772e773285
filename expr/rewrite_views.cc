#include <utility>

#include "expr/rewrite_tree.h"
#include "expr/value_facts.h"

namespace strata::expr {
namespace {

bool Uniform(Expression& node, const Context&) {
  if (IsConstant(node, 0) || !FactsOf(node).uniform) return false;
  return BecomeConstant(node, 0);
}

bool PromoteOperand(Expression& node, const Monotone& operand) {
  if (operand.child < 0) return false;
  Promote(node, operand.child);
  if (!operand.increasing) WrapIn(node, Ops().neg);
  return true;
}

bool RanksInOrder(Expression& node, const Context&) {
  Promote(node);
  return true;
}

bool ScalingInShape(Expression& node, const Context&) {
  Promote(node);
  return true;
}

bool MonotoneInOrder(Expression& node, const Context&) {
  return PromoteOperand(node, MonotoneOperand(node));
}

bool AffineInShape(Expression& node, const Context&) {
  return PromoteOperand(node, AffineOperand(node));
}

bool MultipleInView(Expression& node, const Context&) {
  return PromoteOperand(node, ExactMultiple(node));
}

bool FunctionOfIndicator(Expression& node, const Context&) {
  const Expression* indicator = OnlyIndicator(node);
  if (indicator == nullptr || (IsNegation(node) && &node.children[0] == indicator)) return false;
  const double inside = ValueAt(node, 1, ValueRule::kTotal);
  const double outside = ValueAt(node, 0, ValueRule::kTotal);
  if (inside == outside) return BecomeConstant(node, 0);
  Expression copy = *indicator;
  node = std::move(copy);
  if (inside < outside) WrapIn(node, Ops().neg);
  return true;
}

constexpr std::string_view kUnitwise =
    "abs log logpos abslog pow2 exp sigmoid tanh sin cos tan asin acos atan softplus sqrt neg "
    "+ - * / min max mix";

constexpr RewriteRule kRules[] = {
    {"function-of-indicator", kUnitwise, Scope::kOrderOrShape,
     "f(x) = x or -x or 0 for indicators x", "two values have one shape and one order",
     FunctionOfIndicator},
    {"uniform-in-view",
     "abs log logpos abslog pow2 exp sigmoid tanh sin cos tan asin acos atan softplus sqrt neg "
     "ranks softmax reverse constant + - * / min max mix",
     Scope::kOrderOrShape, "x = 0 for x equal in all units", "no order and no shape", Uniform},
    {"ranks-in-order", "ranks", Scope::kOrder, "ranks(x) = x", "the same order, ties included",
     RanksInOrder},
    {"scaling-in-shape", "minmax zscore", Scope::kShape, "minmax(x) = zscore(x) = x",
     "the same shape", ScalingInShape},
    {"monotone-in-order",
     "exp sigmoid tanh atan softplus asin acos tan sin cos sqrt log pow2 minmax zscore + - * / mix",
     Scope::kOrder, "f(x) = x, or -x, for f strictly monotone",
     "where different x differ so much (depth, ranks(y), last, ...) that rounding makes no ties",
     MonotoneInOrder},
    {"affine-in-shape", "+ - * / mix", Scope::kShape,
     "c * x = c + x = mix(c, x, w) = x, c - x = -c * x = -x",
     "for x of moderate size and range (minmax(y), zscore(y), ranks(y), depth, ...)",
     AffineInShape},
    {"multiple-in-view", "* /", Scope::kOrderOrShape, "k * x = x, -k * x = -x for bounded x",
     "multiplying by a power of two is exact", MultipleInView},
};

}  // namespace

std::span<const RewriteRule> ViewRules() { return kRules; }

bool Holds(Scope scope, const Context& context) {
  switch (scope) {
    case Scope::kAlways:
      return true;
    case Scope::kTotal:
      return context.total();
    case Scope::kOrder:
      return context.total() && context.view == View::kOrder;
    case Scope::kShape:
      return context.total() && context.view == View::kShape;
    case Scope::kOrderOrShape:
      return context.total() && context.view != View::kBits;
  }
  return false;
}

Context ContextOf(const Expression& node, size_t child, const Context& context) {
  const auto& op = Ops();
  Context inner{context.rule, View::kBits};
  // The operand is evaluated on its own, as a function is.
  if (OperatorOf(node.op).kind == OperatorKind::kPrunedSource) return {};
  if (node.op == op.dsa || TypeOf(node.children[child]) == ValueType::kTensor) {
    inner.rule = ValueRule::kSinglePrecision;
    return inner;
  }
  if (IsOneOf(node, {op.span, op.logistic, op.proportion})) inner.view = View::kShape;
  if (IsOneOf(node, {op.rank, op.ramp, op.waterfill, op.ranks})) inner.view = View::kOrder;
  if (node.op == op.within && child == 1) inner.view = View::kOrder;
  if (node.op == op.shift && child == 1) inner.view = View::kShape;
  if (IsOneOf(node, {op.neg, op.reverse})) inner.view = context.view;
  if (IsOneOf(node, {op.minmax, op.zscore}) && context.view == View::kShape) {
    inner.view = View::kShape;
  }
  return inner;
}

}  // namespace strata::expr

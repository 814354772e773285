#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "expr/kernels.h"
#include "expr/rewrite_tree.h"
#include "expr/value_facts.h"

namespace strata::expr {
namespace {

// Returns the number with the fewest decimal digits that rounds to this float.
double Shortest(float value) {
  const std::string text = fmt::format("{}", value);
  double shortest = value;
  std::from_chars(text.data(), text.data() + text.size(), shortest);
  return shortest;
}

// Replaces the node by `result` as the evaluator keeps it. Returns false for values that a constant
// cannot hold: NaN, infinities and large numbers.
bool Fold(Expression& node, double result, const Context& context) {
  if (context.total()) return BecomeConstant(node, Total(result));
  const double rounded = SinglePrecision(result);
  if (!std::isfinite(rounded)) return false;
  return BecomeConstant(node, Shortest(static_cast<float>(rounded)));
}

double Operand(const Expression& constant, const Context& context) {
  const double value = constant.parameters[0];
  return context.total() ? Total(value) : SinglePrecision(value);
}

bool Literal(Expression& node, const Context& context) {
  const double value = Operand(node, context);
  const double kept =
      context.total() ? value : Shortest(static_cast<float>(SinglePrecision(value)));
  if (kept == node.parameters[0] && std::signbit(kept) == std::signbit(node.parameters[0])) {
    return false;
  }
  node.parameters[0] = kept;
  return true;
}

bool ElementwiseOfConstant(Expression& node, const Context& context) {
  const Expression& x = node.children[0];
  if (!IsConstant(x)) return false;
  return Fold(node, ScalarKernelOf(node.op)(Operand(x, context)), context);
}

bool BinaryOfConstants(Expression& node, const Context& context) {
  const Expression& x = node.children[0];
  const Expression& y = node.children[1];
  if (!IsConstant(x) || !IsConstant(y)) return false;
  const BinaryKernel kernel = BinaryKernelOf(node.op);
  return Fold(node, kernel(Operand(x, context), Operand(y, context), node.parameters), context);
}

bool ScalingOfUniform(Expression& node, const Context&) {
  return FactsOf(node.children[0]).uniform && BecomeConstant(node, 0);
}

bool ReverseOfUniform(Expression& node, const Context&) {
  if (!FactsOf(node.children[0]).uniform) return false;
  Promote(node);
  return true;
}

// Applies to multiples of 2^-20 up to 1000. Sums of ten thousand of them are exact.
bool MeanOfConstant(Expression& node, const Context&) {
  const Expression& x = node.children[0];
  if (!IsConstant(x)) return false;
  const double scaled = x.parameters[0] * 0x1p20;
  if (scaled != std::floor(scaled)) return false;
  Promote(node);
  return true;
}

bool SumOfLast(Expression& node, const Context&) {
  if (!IsConstant(node.children[0], 0) && node.children[0].op != Ops().last) return false;
  Promote(node);
  return true;
}

bool SingleValue(Expression& node, const Context&) {
  const ValueFacts facts = FactsOf(node);
  return facts.low == facts.high && BecomeConstant(node, facts.low);
}

// Returns the forms that a function of one indicator with these two values may have, short ones
// first. A form with a number that a constant cannot hold is invalid.
std::vector<Expression> FormsOfIndicator(const Expression& indicator, double at_zero,
                                         double at_one) {
  const auto constant = [](double value) { return Expression{Ops().constant, {value}, {}}; };
  return {constant(at_zero),
          indicator,
          {Ops().neg, {}, {indicator}},
          {Ops().minus, {}, {constant(1), indicator}},
          {Ops().times, {}, {constant(at_one), indicator}}};
}

// Compares bits, because a zero may have a sign under dsa.
bool HasValues(const Expression& form, double at_zero, double at_one, ValueRule rule) {
  const auto same = [](double a, double b) {
    return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
  };
  return same(ValueAt(form, 0, rule), at_zero) && same(ValueAt(form, 1, rule), at_one);
}

bool FunctionOfIndicator(Expression& node, const Context& context) {
  const Expression* indicator = OnlyIndicator(node);
  if (indicator == nullptr) return false;
  const double at_zero = ValueAt(node, 0, context.rule);
  const double at_one = ValueAt(node, 1, context.rule);
  if (!std::isfinite(at_zero) || !std::isfinite(at_one)) return false;
  for (Expression& form : FormsOfIndicator(*indicator, at_zero, at_one)) {
    if (Complexity(form) >= Complexity(node) || !Validate(form).ok()) continue;
    if (!HasValues(form, at_zero, at_one, context.rule)) continue;
    node = std::move(form);
    return true;
  }
  return false;
}

constexpr std::string_view kUnary =
    "abs log logpos abslog pow2 exp sigmoid tanh sin cos tan asin acos atan softplus sqrt neg";
constexpr std::string_view kElementwise =
    "abs log logpos abslog pow2 exp sigmoid tanh sin cos tan asin acos atan softplus sqrt neg "
    "+ - * / min max mix";

constexpr RewriteRule kRules[] = {
    {"literal", "constant", Scope::kAlways, "-0 = 0; under dsa, c = c in single precision",
     "what the evaluator makes of it", Literal},
    {"elementwise-of-constant", kUnary, Scope::kAlways, "f(c) = d", "the evaluator's own kernel",
     ElementwiseOfConstant},
    {"binary-of-constants", "+ - * / min max mix", Scope::kAlways, "c + d = e",
     "the evaluator's own kernel", BinaryOfConstants},
    {"scaling-of-uniform", "minmax zscore kindminmax", Scope::kTotal,
     "minmax(x) = 0 for x equal in all units", "by definition", ScalingOfUniform},
    {"reverse-of-uniform", "reverse", Scope::kTotal, "reverse(x) = x for x equal in all units",
     "by definition", ReverseOfUniform},
    {"mean-of-constant", "smooth suffixmean", Scope::kTotal, "smooth(c) = c",
     "for short binary fractions, whose sums are exact", MeanOfConstant},
    {"sum-of-last", "cumsum", Scope::kTotal, "cumsum(0) = 0, cumsum(last) = last",
     "zeros until the last unit", SumOfLast},
    {"single-value", "abs pow2 sqrt min max + - * /", Scope::kTotal, "x = c for c <= x <= c",
     "by the bounds of x: min(0, abs(y))", SingleValue},
    {"exact-function-of-indicator", kElementwise, Scope::kAlways,
     "f(x) = x, -x, 1 - x, c * x or c for indicators x: pow2(last) = last",
     "x has two values, on which the evaluator's own kernels agree", FunctionOfIndicator},
};

}  // namespace

std::span<const RewriteRule> ConstantRules() { return kRules; }

}  // namespace strata::expr

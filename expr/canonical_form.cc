#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "expr/bad_values.h"
#include "expr/expression.h"
#include "expr/grammar.h"
#include "expr/kernels.h"

namespace strata::expr {
namespace {

// Which rounding the values below a node undergo decides which identities are exact.
enum class Rule { kTotal, kSinglePrecision };

bool Is(const Expression& node, std::string_view name) { return OperatorOf(node.op).name == name; }

bool IsOneOf(const Expression& node, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), OperatorOf(node.op).name) != names.end();
}

bool IsConstant(const Expression& node) {
  return OperatorOf(node.op).kind == OperatorKind::kConstant;
}

bool IsConstant(const Expression& node, double value) {
  return IsConstant(node) && node.parameters[0] == value;
}

Expression Make(std::string_view name, Expression first) {
  Expression node{IdOf(name), {}, {}};
  node.children.push_back(std::move(first));
  return node;
}

Expression Make(std::string_view name, Expression first, Expression second) {
  Expression node = Make(name, std::move(first));
  node.children.push_back(std::move(second));
  return node;
}

// The constant, if the operand range of the table allows it.
std::optional<Expression> Constant(double value) {
  Expression node{IdOf("constant"), {Total(value)}, {}};
  if (!CheckNode(node).ok()) return std::nullopt;
  return node;
}

// Each rule gives the simpler node, or nothing if it does not apply.
using Rewritten = std::optional<Expression>;

Rewritten FoldConstants(const Expression& node) {
  const bool constant = std::all_of(node.children.begin(), node.children.end(),
                                    [](const Expression& child) { return IsConstant(child); });
  if (!constant || node.children.empty()) return std::nullopt;
  const double first = node.children[0].parameters[0];
  switch (OperatorOf(node.op).kind) {
    case OperatorKind::kElementwise:
      return Constant(ScalarKernelOf(node.op)(first));
    case OperatorKind::kBinary:
      return Constant(BinaryKernelOf(node.op)(first, node.children[1].parameters[0]));
    case OperatorKind::kAcrossLayers:
      if (IsOneOf(node, {"minmax", "zscore"})) return Constant(0);
      if (Is(node, "reverse")) return Constant(first);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

// Never negative and never negative zero, by the operator itself. Measured features are not: the
// table may hold anything.
bool IsNonnegative(const Expression& node) {
  return IsOneOf(node, {"abs", "pow2", "exp", "sigmoid", "softplus", "WX", "X", "minmax", "ranks",
                        "softmax", "depth", "size"});
}

// Identities that hold to the bit under both rules and on tensors.
Rewritten SimplifyUnary(const Expression& node) {
  const Expression& child = node.children[0];
  if (Is(node, "neg") && Is(child, "neg")) return child.children[0];
  if (Is(node, "abs") && IsNonnegative(child)) return child;
  if (IsOneOf(node, {"abs", "pow2", "abslog"}) && IsOneOf(child, {"abs", "neg"})) {
    Expression simpler = node;
    simpler.children[0] = child.children[0];
    return simpler;
  }
  return std::nullopt;
}

// As SimplifyUnary, but these need that values are finite and zeros have no sign.
Rewritten SimplifyTotalUnary(const Expression& node) {
  const Expression& child = node.children[0];
  if (Is(node, "neg") && Is(child, "-")) return Make("-", child.children[1], child.children[0]);
  if (Is(node, "reverse") && Is(child, "reverse")) return child.children[0];
  if (IsOneOf(node, {"minmax", "ranks"}) && node.op == child.op) return child;
  if (Is(node, "zscore") && Is(child, "minmax")) return Make("zscore", child.children[0]);
  return std::nullopt;
}

// To the bit under both rules.
Rewritten SimplifyBinary(const Expression& node) {
  const Expression& left = node.children[0];
  const Expression& right = node.children[1];
  if (IsOneOf(node, {"*", "/"}) && IsConstant(right, 1)) return left;
  if (Is(node, "*") && IsConstant(left, 1)) return right;
  if (IsOneOf(node, {"min", "max"}) && left == right) return left;
  if (Is(node, "+") && Is(right, "neg")) return Make("-", left, right.children[0]);
  if (Is(node, "+") && Is(left, "neg")) return Make("-", right, left.children[0]);
  if (Is(node, "-") && Is(right, "neg")) return Make("+", left, right.children[0]);
  if (Is(node, "-") && IsConstant(right)) {
    Expression negated = right;
    negated.parameters[0] = -negated.parameters[0];
    return Make("+", left, std::move(negated));
  }
  if (OperatorOf(node.op).commutative && PrintExpression(right) < PrintExpression(left)) {
    return Make(OperatorOf(node.op).name, right, left);
  }
  return std::nullopt;
}

Rewritten SimplifyTotalBinary(const Expression& node) {
  const Expression& left = node.children[0];
  const Expression& right = node.children[1];
  if (Is(node, "+") && IsConstant(right, 0)) return left;
  if (Is(node, "+") && IsConstant(left, 0)) return right;
  if (Is(node, "-") && IsConstant(left, 0)) return Make("neg", right);
  if (Is(node, "-") && left == right) return Constant(0);
  if (Is(node, "*") && (IsConstant(left, 0) || IsConstant(right, 0))) return Constant(0);
  return std::nullopt;
}

// Values within a few units of 0 that differ by at least half a unit, or not at all: adding or
// multiplying a moderate constant loses none of the twelve digits that count.
bool IsWellScaled(const Expression& node) {
  return IsOneOf(node, {"minmax", "zscore", "ranks", "depth"});
}

bool IsModerate(const Expression& node, double smallest) {
  return IsConstant(node) && std::fabs(node.parameters[0]) >= smallest &&
         std::fabs(node.parameters[0]) <= 100;
}

// What min-max scaling undoes: scaling, shifting and min-max scaling itself. A reversed order is
// kept as a negation.
Rewritten StripAffine(const Expression& x) {
  if (IsOneOf(x, {"minmax", "zscore"})) return x.children[0];
  if (Is(x, "neg")) {
    Rewritten inner = StripAffine(x.children[0]);
    if (inner.has_value()) return Make("neg", *std::move(inner));
    return std::nullopt;
  }
  if (OperatorOf(x.op).kind != OperatorKind::kBinary) return std::nullopt;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const Expression& constant = x.children[side];
    const Expression& operand = x.children[1 - side];
    if (!IsWellScaled(operand)) continue;
    if (Is(x, "+") && IsModerate(constant, 0)) return operand;
    if (Is(x, "-") && side == 0 && IsModerate(constant, 0)) return Make("neg", operand);
    const bool factor = Is(x, "*") || (Is(x, "/") && side == 1);
    if (factor && IsModerate(constant, 0.01)) {
      return constant.parameters[0] > 0 ? operand : Make("neg", operand);
    }
  }
  return std::nullopt;
}

// What ranking undoes: the ranks of x are in the order of x, ties included.
Rewritten StripRanks(const Expression& x) {
  if (Is(x, "ranks")) return x.children[0];
  if (Is(x, "neg") && Is(x.children[0], "ranks")) return Make("neg", x.children[0].children[0]);
  return std::nullopt;
}

Rewritten SimplifyPostprocess(const Expression& node) {
  if (node.children.empty()) return std::nullopt;
  const Expression& x = node.children[0];
  if (IsConstant(x)) return Expression{IdOf("uniform"), {}, {}};
  Expression simpler = node;
  if (Is(node, "span")) {
    if (Rewritten stripped = StripAffine(x)) {
      simpler.children[0] = *std::move(stripped);
      return simpler;
    }
    if (Rewritten stripped = StripRanks(x)) {
      simpler.op = IdOf("rank");
      simpler.children[0] = *std::move(stripped);
      return simpler;
    }
  }
  if (IsOneOf(node, {"rank", "ramp", "waterfill"})) {
    if (Rewritten stripped = StripRanks(x)) {
      simpler.children[0] = *std::move(stripped);
      return simpler;
    }
  }
  return std::nullopt;
}

Rewritten SimplifyNode(const Expression& node, Rule rule) {
  if (OperatorOf(node.op).kind == OperatorKind::kPostprocess) return SimplifyPostprocess(node);
  const bool total = rule == Rule::kTotal;
  if (total) {
    if (Rewritten folded = FoldConstants(node)) return folded;
  }
  if (node.children.size() == 1) {
    Rewritten simpler = SimplifyUnary(node);
    return simpler || !total ? simpler : SimplifyTotalUnary(node);
  }
  if (node.children.size() == 2) {
    Rewritten simpler = SimplifyBinary(node);
    return simpler || !total ? simpler : SimplifyTotalBinary(node);
  }
  return std::nullopt;
}

// Children first; then the node until nothing applies. A rewritten node's children are canonical
// or come from canonical ones by rules that the next round of Canonicalize completes.
Expression Simplify(const Expression& expression, Rule rule) {
  Expression node{expression.op, expression.parameters, {}};
  // Tensors are rounded to single precision after each operator.
  const bool single = Is(node, "dsa") || OperatorOf(node.op).kind == OperatorKind::kReduction;
  for (const Expression& child : expression.children) {
    node.children.push_back(Simplify(child, single ? Rule::kSinglePrecision : rule));
  }
  while (Rewritten simpler = SimplifyNode(node, rule)) node = *std::move(simpler);
  return node;
}

}  // namespace

Expression Canonicalize(const Expression& expression) {
  const bool tensor = TypeOf(expression) == ValueType::kTensor;
  const Rule rule = tensor ? Rule::kSinglePrecision : Rule::kTotal;
  Expression canonical = Simplify(expression, rule);
  // Every rule removes nodes or moves towards one of two equal forms, so this ends.
  for (Expression next = Simplify(canonical, rule); next != canonical;) {
    canonical = std::move(next);
    next = Simplify(canonical, rule);
  }
  return canonical;
}

uint64_t CanonicalHash(const Expression& expression) {
  uint64_t hash = 0xcbf29ce484222325ULL;  // 64-bit FNV-1a
  for (const char c : PrintExpression(Canonicalize(expression))) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  }
  return hash;
}

}  // namespace strata::expr

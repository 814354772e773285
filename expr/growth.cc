#include "expr/growth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace strata::expr {
namespace {

constexpr double kUniformProbability = 0.02;    // uniform() ignores every statistic
constexpr double kAdjustmentProbability = 0.2;  // probability of an adjustment above an allocation
constexpr double kConstantProbability = 0.3;    // probability of a constant in a binary operation
// Amplitudes are drawn around their published values, most of them within a factor of four. A tenth
// of a published amplitude hardly differs from uniform.
constexpr double kDrawSpread = 0.7;
constexpr double kRelativeStep = 0.3;  // standard deviation of a perturbation
constexpr double kSmallestConstantStep =
    0.1;  // magnitude that a perturbed constant counts as at least

// Relative weights of the kinds of a Units node.
constexpr double kLeafWeight = 1.0;
constexpr double kReductionWeight = 3.0;
constexpr double kElementwiseWeight = 1.3;
constexpr double kAcrossUnitsWeight = 0.7;
constexpr double kBinaryWeight = 3.0;

// Rounds to three significant digits and clamps to the range. The ends of a range have no more
// digits than that.
double Readable(double value, const OperatorParameter& parameter) {
  const std::string text = fmt::format("{:.3g}", value);
  double rounded = 0;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return std::clamp(rounded, parameter.minimum, parameter.maximum);
}

// True if the range is symmetric about 0.5, as for shares and probabilities.
bool IsShare(const OperatorParameter& parameter) {
  return std::fabs(parameter.minimum + parameter.maximum - 1) < 1e-9;
}

// Moves one child into a list. An initializer list would copy it.
std::vector<Expression> Children(Expression first) {
  std::vector<Expression> children;
  children.push_back(std::move(first));
  return children;
}

}  // namespace

Growth::Growth(RandomGenerator& random, const VariationOptions& options)
    : random_(random), allowed_(Operators().size(), true), terms_(options.terms) {
  for (const std::string& name : options.excluded)
    allowed_[static_cast<size_t>(IdOf(name))] = false;
  for (size_t i = 0; i < allowed_.size(); ++i) {
    if (!allowed_[i]) continue;
    by_kind_[static_cast<size_t>(Operators()[i].kind)].push_back(static_cast<OperatorId>(i));
  }
  const bool reduces = !Allowed(OperatorKind::kReduction).empty();
  for (const std::string& name : options.sources) {
    const OperatorId id = IdOf(name);
    const bool tensor = OperatorOf(id).kind == OperatorKind::kTensorSource;
    if (!IsAllowed(id) || (tensor && !reduces)) continue;
    (tensor ? tensor_sources_ : unit_sources_).push_back(id);
  }
  smallest_measured_ = unit_sources_.empty() && !tensor_sources_.empty() ? 2 : 1;
}

bool Growth::IsAllowed(const Expression& subtree) const {
  return IsAllowed(subtree.op) &&
         std::all_of(subtree.children.begin(), subtree.children.end(),
                     [this](const Expression& child) { return IsAllowed(child); });
}

OperatorId Growth::AnyOf(OperatorKind kind) {
  const std::vector<OperatorId>& operators = Allowed(kind);
  return operators[Below(operators.size())];
}

double Growth::Parameter(const OperatorParameter& parameter) {
  if (parameter.step > 0) {
    const double steps = std::floor((parameter.maximum - parameter.minimum) / parameter.step);
    return parameter.minimum +
           parameter.step * static_cast<double>(Below(static_cast<size_t>(steps) + 1));
  }
  if (IsShare(parameter)) {
    return Readable(random_.Uniform(parameter.minimum, parameter.maximum), parameter);
  }
  if (parameter.minimum > 0) {
    return Readable(parameter.default_value * std::exp(kDrawSpread * random_.Normal()), parameter);
  }
  const double magnitude = parameter.default_value * std::exp(random_.Normal());
  return Readable(Below(2) == 0 ? magnitude : -magnitude, parameter);
}

double Growth::Perturbed(const OperatorParameter& parameter, double value) {
  if (parameter.step > 0) {
    const double size = std::max(1.0, std::round(std::fabs(2 * random_.Normal())));
    const double moved = value + (Below(2) == 0 ? size : -size) * parameter.step;
    return std::clamp(moved, parameter.minimum, parameter.maximum);
  }
  const double step = kRelativeStep * random_.Normal();
  if (IsShare(parameter)) {  // a factor of the odds
    const double odds = value / (1 - value) * std::exp(2 * step);
    return Readable(odds / (1 + odds), parameter);
  }
  if (parameter.minimum > 0) return Readable(value * std::exp(step), parameter);
  return Readable(value + step * std::max(std::fabs(value), kSmallestConstantStep), parameter);
}

Expression Growth::Node(OperatorId op, std::vector<Expression> children) {
  Expression node{op, {}, std::move(children)};
  for (const OperatorParameter& parameter : OperatorOf(op).parameters) {
    node.parameters.push_back(Parameter(parameter));
  }
  return node;
}

Expression Growth::Subtree(ValueType type, int nodes, int depth) {
  switch (type) {
    case ValueType::kTensor:
      return Tensor(nodes, depth);
    case ValueType::kUnits:
      return Units(nodes, depth);
    case ValueType::kAllocation:
      break;
  }
  return Allocation(nodes, depth);
}

Expression Growth::Allocation(int nodes, int depth) {
  static const OperatorId uniform = IdOf("uniform");
  const bool only_uniform = Allowed(OperatorKind::kPostprocess).size() == 1;
  if (nodes < 2 || depth < 2 || only_uniform || Unit() < kUniformProbability) {
    return Node(uniform, {});
  }
  const bool adjustable = !Allowed(OperatorKind::kAdjustment).empty() && nodes >= 5 && depth >= 3;
  if (adjustable && Unit() < kAdjustmentProbability) return Adjustment(nodes, depth);
  OperatorId op = uniform;
  while (op == uniform) op = AnyOf(OperatorKind::kPostprocess);
  return Node(op, Children(Units(nodes - 1, depth - 1)));
}

Expression Growth::Adjustment(int nodes, int depth) {
  const int spare = nodes - 1 - 2 - smallest_measured_;
  const int adjusted = spare > 0 ? static_cast<int>(Below(static_cast<size_t>(spare) + 1)) : 0;
  std::vector<Expression> children;
  children.push_back(Allocation(2 + adjusted, depth - 1));
  children.push_back(Units(nodes - 1 - 2 - adjusted, depth - 1));
  const OperatorId op = AnyOf(OperatorKind::kAdjustment);
  return Node(op, std::move(children));
}

Expression Growth::Tensor(int nodes, int depth) {
  // A chain stops early at random, because long chains of pre-processes rarely mean anything.
  if (nodes < 2 || depth < 2 || Below(2) == 0) {
    return Leaf(ValueType::kTensor, nodes, depth);
  }
  const OperatorKind kind = Below(6) == 0 ? OperatorKind::kWholeTensor : OperatorKind::kElementwise;
  if (Allowed(kind).empty()) return Tensor(1, 1);
  const OperatorId op = AnyOf(kind);
  return Node(op, Children(Tensor(nodes - 1, depth - 1)));
}

Expression Growth::Leaf(ValueType type, int nodes, int depth) {
  static const OperatorId constant = IdOf("constant");
  if (type == ValueType::kTensor) return Node(tensor_sources_[Below(tensor_sources_.size())], {});
  std::vector<const Expression*> terms;
  for (const Expression& term : terms_) {
    if (Complexity(term) <= nodes && Depth(term) <= depth) terms.push_back(&term);
  }
  if (unit_sources_.empty() && terms.empty()) return Node(constant, {});
  const size_t drawn = Below(unit_sources_.size() + terms.size());
  if (drawn >= unit_sources_.size()) return *terms[drawn - unit_sources_.size()];
  return Node(unit_sources_[drawn], {});
}

Expression Growth::Units(int nodes, int depth) {
  if (nodes < 2 || depth < 2) return Leaf(ValueType::kUnits, nodes, depth);
  const bool unary = nodes > smallest_measured_ && depth > smallest_measured_;
  const bool binary = unary && nodes >= smallest_measured_ + 2;
  const std::array<std::pair<OperatorKind, double>, 5> choices = {{
      {OperatorKind::kStructuralSource, unit_sources_.empty() ? 0 : kLeafWeight},
      {OperatorKind::kReduction, tensor_sources_.empty() ? 0 : kReductionWeight},
      {OperatorKind::kElementwise, unary ? kElementwiseWeight : 0},
      {OperatorKind::kAcrossUnits, unary ? kAcrossUnitsWeight : 0},
      {OperatorKind::kBinary, binary ? kBinaryWeight : 0},
  }};
  const auto weight_of = [this](const std::pair<OperatorKind, double>& choice) {
    const bool leaf = choice.first == OperatorKind::kStructuralSource;
    return leaf || !Allowed(choice.first).empty() ? choice.second : 0.0;
  };
  double total = 0;
  for (const auto& choice : choices) total += weight_of(choice);
  double point = Unit() * total;
  OperatorKind chosen = OperatorKind::kStructuralSource;
  for (const auto& choice : choices) {
    const double weight = weight_of(choice);
    if (weight == 0) continue;
    chosen = choice.first;
    point -= weight;
    if (point < 0) break;
  }
  switch (chosen) {
    case OperatorKind::kReduction: {
      const OperatorId op = AnyOf(chosen);
      return Node(op, Children(Tensor(nodes - 1, depth - 1)));
    }
    case OperatorKind::kElementwise:
    case OperatorKind::kAcrossUnits: {
      const OperatorId op = AnyOf(chosen);
      return Node(op, Children(Units(nodes - 1, depth - 1)));
    }
    case OperatorKind::kBinary:
      return Binary(nodes, depth);
    default:
      return Leaf(ValueType::kUnits, nodes, depth);
  }
}

Expression Growth::Binary(int nodes, int depth) {
  static const OperatorId constant = IdOf("constant");
  const OperatorId op = AnyOf(OperatorKind::kBinary);
  const int spare = nodes - 1 - 2 * smallest_measured_;
  std::vector<Expression> children;
  if (spare < 0 || Unit() < kConstantProbability) {
    children.push_back(Units(nodes - 2, depth - 1));
    children.push_back(Node(constant, {}));
    if (Below(2) == 0) std::swap(children[0], children[1]);
  } else {
    const int left = static_cast<int>(Below(static_cast<size_t>(spare) + 1));
    children.push_back(Units(smallest_measured_ + left, depth - 1));
    children.push_back(Units(smallest_measured_ + spare - left, depth - 1));
  }
  return Node(op, std::move(children));
}

}  // namespace strata::expr

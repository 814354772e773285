#include "expr/reading.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "expr/grammar.h"

namespace strata::expr {
namespace {

struct NamedPhrase {
  std::string_view name;
  std::string_view phrase;
};

constexpr NamedPhrase kPhrases[] = {
    {"WX", "the Wanda score"},
    {"W", "the weight"},
    {"X", "the norm of the weight's input"},
    {"G", "the mean magnitude of the gradient"},
    {"depth", "the depth of the block"},
    {"size", "the number of weights relative to the largest"},
    {"redundancy", "the resemblance of the block's input to the other blocks' inputs"},
    {"influence", "the turn that the block gives to its input"},
    {"outliers", "the percentage of Wanda scores above <M> times their mean"},
    {"linearredundancy", "the resemblance of its inputs to those of the block's other linears"},
    {"alpha", "the exponent of the tail of the weights' spectrum"},
    {"sensitivity", "the change of the loss when its weights are perturbed"},
    {"slope", "how fast the loss rises with its sparsity where all are pruned alike"},
    {"distortion", "the change of the last hidden states when half of it alone is pruned"},
    {"fan", "the number of inputs and outputs per weight"},
    {"last", "the mark of the last one (1, else 0)"},
    {"attention", "the mark of attention (1, else 0)"},
    {"query", "the mark of query linears (1, else 0)"},
    {"key", "the mark of key linears (1, else 0)"},
    {"value", "the mark of value linears (1, else 0)"},
    {"output", "the mark of output linears (1, else 0)"},
    {"gate", "the mark of gate linears (1, else 0)"},
    {"up", "the mark of up linears (1, else 0)"},
    {"down", "the mark of down linears (1, else 0)"},
    {"abs", "the magnitude of {}"},
    {"log", "the natural logarithm of {}"},
    {"logpos", "the logarithm (values up to 0 taken as 1) of {}"},
    {"abslog", "the logarithm of the magnitude of {}"},
    {"pow2", "the square of {}"},
    {"exp", "the exponential of {}"},
    {"sigmoid", "the logistic function of {}"},
    {"tanh", "the hyperbolic tangent of {}"},
    {"sin", "the sine of {}"},
    {"cos", "the cosine of {}"},
    {"tan", "the tangent of {}"},
    {"asin", "the inverse sine of {}"},
    {"acos", "the inverse cosine of {}"},
    {"atan", "the inverse tangent of {}"},
    {"softplus", "the soft positive part of {}"},
    {"sqrt", "the square root of {}"},
    {"neg", "the opposite of {}"},
    {"normalize", "the deviation, in standard deviations, of {}"},
    {"mms", "the place between the smallest and the largest of {}"},
    {"mean", "the mean of {}"},
    {"var", "the variance of {}"},
    {"std", "the standard deviation of {}"},
    {"l1", "the mean absolute value of {}"},
    {"l2", "the root of the sum of squares of {}"},
    {"geomean", "the geometric mean of {}"},
    {"rootprod", "the n-th root of the product, in single precision, of {}"},
    {"entropy", "the entropy (of values as probabilities) of {}"},
    {"skewness", "the lopsidedness of the distribution of {}"},
    {"kurtosis", "the weight of the tails of the distribution of {}"},
    {"gini", "the inequality of {}"},
    {"quantile", "the value that a share <p> does not exceed of {}"},
    {"below", "the share that one threshold, below which <p> of all units lie, cuts off of {}"},
    {"matrixrank", "the share of singular values that count of the matrices of {}"},
    {"correlation", "the mean correlation between rows of {}"},
    {"logdet", "the mean logarithm of the squared singular values of {}"},
    {"stablerank", "the number of singular values that weigh as much as the largest of {}"},
    {"spectraltail", "the exponent of the spectrum's tail of {}"},
    {"slopes",
     "how fast the loss rises with its sparsity where <sparsity> of all is pruned by the rule "
     "[{}]"},
    {"minmax", "the place between the lowest and the highest unit of {}"},
    {"ranks", "the place in order among the units of {}"},
    {"zscore", "the deviation from the mean unit, in standard deviations, of {}"},
    {"suffixmean", "the mean over this and all later units of {}"},
    {"reverse", "the value at the mirrored place in depth of {}"},
    {"softmax", "the exponential share among all units of {}"},
    {"smooth", "the mean with the neighbours of {}"},
    {"cumsum", "the sum over this and all earlier units of {}"},
    {"kindminmax", "the place between the lowest and the highest unit of the same kind of {}"},
    {"blockwise", "(for whole blocks) {}"},
    {"+", "the sum of {} and {}"},
    {"-", "the difference {} minus {}"},
    {"*", "the product of {} and {}"},
    {"/", "the ratio of {} to {}"},
    {"min", "the smaller of {} and {}"},
    {"max", "the larger of {} and {}"},
    {"mix", "the mean of {} with weight <weight> and {} with the rest"},
};

bool IsNamed(const Expression& node, std::string_view name) {
  return OperatorOf(node.op).name == name;
}

std::string Number(const Expression& node, std::string_view name) {
  const Operator& row = OperatorOf(node.op);
  for (size_t i = 0; i < row.parameters.size(); ++i) {
    if (row.parameters[i].name == name) return FormatNumber(node.parameters[i]);
  }
  return "?";  // not reached: a test compares every phrase with its parameters
}

// True for sources that are never negative. Their magnitude is the source itself.
bool HasNoSign(const Expression& node) {
  return IsNamed(node, "WX") || IsNamed(node, "X") || IsNamed(node, "G");
}

std::string Phrase(const Expression& node);

// Returns the sentences of an allocation.
std::string RuleOf(const Expression& allocation);

// Returns the phrase of an operand. It stands in parentheses if both the node and the operand have
// two operands.
std::string Operand(const Expression& node, size_t child) {
  if (TypeOf(node.children[child]) == ValueType::kAllocation) return RuleOf(node.children[child]);
  const bool bracket = node.children.size() == 2 && node.children[child].children.size() == 2;
  const std::string phrase = Phrase(node.children[child]);
  return bracket ? "(" + phrase + ")" : phrase;
}

std::string Phrase(const Expression& node) {
  if (OperatorOf(node.op).kind == OperatorKind::kConstant) return FormatNumber(node.parameters[0]);
  std::string_view pattern = PhraseOf(node.op);
  if (!node.children.empty() && HasNoSign(node.children[0])) {
    if (IsNamed(node, "abslog")) pattern = "the logarithm of {}";
    if (IsNamed(node, "abs")) pattern = "{}";
  }
  std::string out;
  size_t child = 0;
  for (size_t i = 0; i < pattern.size();) {
    if (pattern.substr(i, 2) == "{}") {
      out += Operand(node, child++);
      i += 2;
    } else if (pattern[i] == '<') {
      const size_t end = pattern.find('>', i);
      out += Number(node, pattern.substr(i + 1, end - i - 1));
      i = end + 1;
    } else {
      out += pattern[i++];
    }
  }
  return out;
}

// A formula without its leading minus.
struct Signed {
  Expression formula;
  bool negated;
};

Signed WithoutSign(Expression node) {
  bool negated = false;
  for (;;) {
    if (IsNamed(node, "neg")) {
      Expression child = std::move(node.children[0]);
      node = std::move(child);
      negated = !negated;
      continue;
    }
    if (IsNamed(node, "*") || IsNamed(node, "/")) {
      Signed left = WithoutSign(node.children[0]);
      if (left.negated) {
        node.children[0] = std::move(left.formula);
        negated = !negated;
        continue;
      }
    }
    if (IsNamed(node, "constant") && node.parameters[0] < 0) {
      node.parameters[0] = -node.parameters[0];
      negated = !negated;
    }
    return {std::move(node), negated};
  }
}

class AllocationReader {
 public:
  explicit AllocationReader(std::string_view unit) : unit_(unit) {}

  std::string Read(const Expression& node) const {
    const std::string_view name = OperatorOf(node.op).name;
    if (name == "uniform") return fmt::format("Every {} is pruned at the target.", unit_);
    if (name == "within") return Within(node);
    if (name == "shift") return Shift(node);
    if (name == "descend") return Descent(node);
    if (name == "direct") {
      return fmt::format(
          "The sparsity of a {} is {}, shifted by one amount for all so that the mean is the "
          "target.",
          unit_, Phrase(node.children[0]));
    }
    if (name == "density") {
      return fmt::format(
          "The share of weights that a {} keeps is in proportion to {}: the higher, the less is "
          "pruned. Values below 0 count as 0.",
          unit_, Phrase(node.children[0]));
    }
    const Signed operand = WithoutSign(node.children[0]);
    const std::string rule =
        fmt::format("he higher {}, the {} a {} is pruned", Phrase(operand.formula),
                    operand.negated ? "less" : "more", unit_);
    return Mapped(node, name, rule).append(Badly(name));
  }

 private:
  // `rule` lacks its first letter, which is a capital only at the start of a sentence.
  std::string Mapped(const Expression& node, std::string_view name, const std::string& rule) const {
    const auto range = [&] { return FormatNumber(2 * node.parameters[0]); };
    if (name == "span" || name == "dsa") {
      return fmt::format("T{}; the sparsities spread over {} around the target.", rule, range());
    }
    if (name == "rank") {
      return fmt::format(
          "T{}; only the order counts, and the sparsities spread over {} around the "
          "target.",
          rule, range());
    }
    if (name == "ramp") {
      return fmt::format(
          "T{}; only the order counts, with a step of {} from one value to the next.", rule,
          FormatNumber(node.parameters[0]));
    }
    if (name == "waterfill") {
      return fmt::format(
          "T{}: up to {} above the target for the first in this order and {} below it "
          "for the last, with hardly any in between.",
          rule, FormatNumber(node.parameters[1]), FormatNumber(node.parameters[0]));
    }
    if (name == "logistic") {
      return fmt::format(
          "T{}, along a logistic curve of steepness {}, on which those far from the others move "
          "little "
          "further; the sparsities spread over at most {} around the target.",
          rule, FormatNumber(node.parameters[1]), range());
    }
    if (name == "proportion") {
      return fmt::format("T{}; sparsity is in proportion to a factor from {} to {}.", rule,
                         FormatNumber(1 - node.parameters[0]),
                         FormatNumber(1 + node.parameters[0]));
    }
    if (name == "nm") {
      return fmt::format(
          "In every {} weights a whole number is pruned, and t{}; but for the "
          "rounding, the sparsities spread over {} around the target.",
          FormatNumber(node.parameters[1]), rule, range());
    }
    return fmt::format("T{}.", rule);
  }

  // Returns the sentence about bad values in DSA's arithmetic.
  static std::string_view Badly(std::string_view name) {
    return name == "dsa" ? " What is not a number counts as 0, and what is infinite as -1." : "";
  }

  std::string Descent(const Expression& node) const {
    return fmt::format(
        "{} From there, sparsity moves by {} on average, from units where the loss of the model "
        "pruned like this to {} rises fast with it to units where it rises slowly.",
        Read(node.children[0]), FormatNumber(node.parameters[1]), FormatNumber(node.parameters[0]));
  }

  std::string Within(const Expression& node) const {
    const Signed operand = WithoutSign(node.children[1]);
    return fmt::format(
        "{} That is the mean of each block; inside a block, the higher {}, the {} a {} is pruned: "
        "up "
        "to {} above that mean and {} below it.",
        Read(node.children[0]), Phrase(operand.formula), operand.negated ? "less" : "more", unit_,
        FormatNumber(node.parameters[1]), FormatNumber(node.parameters[0]));
  }

  std::string Shift(const Expression& node) const {
    const Signed operand = WithoutSign(node.children[1]);
    const double delta = operand.negated ? -node.parameters[0] : node.parameters[0];
    return fmt::format(
        "{} On top of that, the higher {}, the {} a {} is pruned: by {} from the lowest to the "
        "highest.",
        Read(node.children[0]), Phrase(operand.formula), delta < 0 ? "less" : "more", unit_,
        FormatNumber(std::fabs(delta)));
  }

  const std::string_view unit_;
};

std::string RuleOf(const Expression& allocation) {
  return AllocationReader("unit").Read(allocation);
}

}  // namespace

std::string_view PhraseOf(OperatorId id) {
  static const std::vector<std::string_view> table = [] {
    std::vector<std::string_view> phrases(Operators().size());
    for (const auto& [name, phrase] : kPhrases) phrases[static_cast<size_t>(IdOf(name))] = phrase;
    return phrases;
  }();
  return table[static_cast<size_t>(id)];
}

std::string ReadingOf(const Expression& expression, std::string_view unit) {
  switch (TypeOf(expression)) {
    case ValueType::kAllocation:
      return AllocationReader(unit).Read(expression);
    case ValueType::kUnits:
      return fmt::format("One number for every {}: {}.", unit, Phrase(expression));
    case ValueType::kTensor:
      return fmt::format("One number for every weight: {}.", Phrase(expression));
  }
  return "";
}

}  // namespace strata::expr

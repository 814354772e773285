#include "expr/dsa_string.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>
#include <vector>

#include "expr/nearest_name.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::expr {
namespace {

// A name in one of DSA's lists and our name of the operator. NO_OP has no operator.
struct DsaName {
  std::string_view dsa;
  std::string_view ours;
};

constexpr DsaName kPreprocess[] = {
    {"NO_OP", ""},   {"ABS", "abs"},   {"LOG", "logpos"},      {"ABSLOG", "abslog"},
    {"POW", "pow2"}, {"EXP", "exp"},   {"SQRT", "sqrt"},       {"NORMALIZE", "normalize"},
    {"MMS", "mms"},  {"TANH", "tanh"}, {"SIGMOID", "sigmoid"},
};
constexpr DsaName kReduction[] = {
    {"NO_OP", ""},          {"MEAN", "mean"},
    {"VAR", "var"},         {"STD", "std"},
    {"L1_NORM", "l1"},      {"FROBENIUS_NORM", "l2"},
    {"ENTROPY", "entropy"}, {"GEOMETRIC_MEAN", "rootprod"},
    {"RANK", "matrixrank"}, {"CORREF", "correlation"},
    {"SLOGDET", "logdet"},
};
constexpr DsaName kTransform[] = {
    {"NO_OP", ""},
    {"SIN", "sin"},
    {"COS", "cos"},
    {"TAN", "tan"},
    {"ASIN", "asin"},
    {"ACOS", "acos"},
    {"ATAN", "atan"},
    {"EXP", "exp"},
    {"LOG", "log"},
    {"ABS", "abs"},
    {"SIGMOID", "sigmoid"},
    {"TANH", "tanh"},
    {"SOFTPLUS", "softplus"},
    {"SOFTMAX", "softmax"},
};

// Reductions of DSA that have no meaning on the matrices of a block, with the reason.
struct Meaningless {
  std::string_view dsa;
  std::string_view reason;
};

constexpr Meaningless kMeaningless[] = {
    {"DETERMINANT", "only a square matrix has a determinant; 'SLOGDET' is that of the Gram matrix"},
    {"GRAM", "a Gram matrix is not one number"},
    {"DIAGONAL", "a diagonal is not one number"},
};

// Limit for each list. A chain within the depth limit may have all its names in one list.
constexpr size_t kMaximumNames = kMaximumDepth;

struct Item {
  std::string_view text;
  size_t column;  // from 1
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  absl::StatusOr<Expression> Read() {
    position_ = 2;  // after "W:"
    STRATA_ASSIGN_OR_RETURN(std::vector<Item> preprocess, List());
    STRATA_ASSIGN_OR_RETURN(std::vector<Item> reduction, NextList());
    STRATA_ASSIGN_OR_RETURN(std::vector<Item> transform, NextList());
    if (position_ == text_.size() && CheckLambda(transform).ok()) {
      transform.clear();
    } else if (position_ < text_.size()) {
      STRATA_ASSIGN_OR_RETURN(std::vector<Item> lambda, NextList());
      absl::Status status = CheckLambda(lambda);
      if (!status.ok()) return status;
      if (position_ < text_.size()) return Error(position_, "expected the end");
    }
    return Build(preprocess, reduction, transform);
  }

 private:
  absl::Status Error(size_t position, std::string_view message) const {
    const std::string_view rest = text_.substr(std::min(position, text_.size()), 20);
    return absl::InvalidArgumentError(
        fmt::format("column {}: {}, found {}", position + 1, message,
                    rest.empty() ? "the end of the text" : fmt::format("'{}'", rest)));
  }

  absl::StatusOr<std::vector<Item>> NextList() {
    if (position_ >= text_.size() || text_[position_] != '-') {
      return Error(position_, "expected '-(': W:(pre-process)-(reduction)-(transform)-(number)");
    }
    ++position_;
    return List();
  }

  absl::StatusOr<std::vector<Item>> List() {
    if (position_ >= text_.size() || text_[position_] != '(')
      return Error(position_, "expected '('");
    const size_t start = ++position_;
    const size_t end = text_.find(')', start);
    if (end == std::string_view::npos) return Error(text_.size(), "expected ')'");
    position_ = end + 1;
    std::vector<Item> items;
    for (size_t first = start; first < end || (first == end && !items.empty());) {
      const size_t last = std::min(text_.find(',', first), end);
      items.push_back({text_.substr(first, last - first), first + 1});
      if (items.size() > kMaximumNames) {
        return Error(first, fmt::format("expected at most {} names in a list", kMaximumNames));
      }
      if (last == end) break;
      first = last + 1;
    }
    return items;
  }

  absl::Status CheckLambda(const std::vector<Item>& items) const {
    int value = 0;
    if (items.size() == 1) {
      const std::string_view text = items[0].text;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error == std::errc() && end == text.data() + text.size()) return absl::OkStatus();
    }
    return Error(items.empty() ? position_ - 1 : items[0].column - 1, "expected an integer");
  }

  // Applies the named operators in order.
  static absl::Status Apply(const std::vector<Item>& items, std::span<const DsaName> names,
                            std::string_view list, Expression& expression, int* applied = nullptr) {
    for (const Item& item : items) {
      const ValueType type = TypeOf(expression);
      const auto name = std::find_if(names.begin(), names.end(),
                                     [&](const DsaName& known) { return known.dsa == item.text; });
      if (name == names.end()) return Unknown(item, names, list);
      if (name->ours.empty()) continue;
      Expression parent{IdOf(name->ours), {}, {}};
      if (OperatorOf(parent.op).kind == OperatorKind::kAcrossUnits && type == ValueType::kTensor) {
        return absl::InvalidArgumentError(fmt::format(
            "column {}: '{}' needs one number per block: expected a reduction before it, found "
            "NO_OP",
            item.column, item.text));
      }
      parent.children.push_back(std::move(expression));
      expression = std::move(parent);
      if (applied != nullptr) ++*applied;
    }
    return absl::OkStatus();
  }

  static absl::Status Unknown(const Item& item, std::span<const DsaName> names,
                              std::string_view list) {
    for (const auto& [dsa, reason] : kMeaningless) {
      if (item.text != dsa) continue;
      return absl::InvalidArgumentError(
          fmt::format("column {}: DSA's own code fails on '{}': {}", item.column, dsa, reason));
    }
    std::vector<std::string_view> known;
    for (const DsaName& name : names) known.push_back(name.dsa);
    return absl::InvalidArgumentError(
        fmt::format("column {}: expected a DSA {} operator, found '{}', the nearest is '{}'",
                    item.column, list, Shortened(item.text), NearestName(item.text, known)));
  }

  static absl::StatusOr<Expression> Build(const std::vector<Item>& preprocess,
                                          const std::vector<Item>& reduction,
                                          const std::vector<Item>& transform) {
    Expression expression{IdOf("WX"), {}, {}};
    absl::Status status = Apply(preprocess, kPreprocess, "pre-process", expression);
    if (!status.ok()) return status;
    int reductions = 0;
    status = Apply(reduction, kReduction, "reduction", expression, &reductions);
    if (!status.ok()) return status;
    if (reductions > 1) {
      return absl::InvalidArgumentError(fmt::format("column {}: expected one reduction, found {}",
                                                    reduction[0].column, reductions));
    }
    status = Apply(transform, kTransform, "transform", expression);
    if (!status.ok()) return status;
    if (reductions == 0) expression = Expression{IdOf("mean"), {}, {std::move(expression)}};
    expression = Expression{IdOf("dsa"), {kDsaLambda}, {std::move(expression)}};
    status = Validate(expression);
    if (!status.ok()) return status;
    return expression;
  }

  std::string_view text_;
  size_t position_ = 0;
};

// Returns DSA's name of an operator in a list, or an empty name if the list has none.
std::string_view NameIn(std::span<const DsaName> names, const Expression& node) {
  const std::string_view ours = OperatorOf(node.op).name;
  for (const DsaName& name : names) {
    if (name.ours == ours) return name.dsa;
  }
  return {};
}

// Joins names from the innermost operator outwards. Returns NO_OP if there are none.
std::string Join(const std::vector<std::string_view>& names) {
  return names.empty() ? "NO_OP" : fmt::format("{}", fmt::join(names, ","));
}

}  // namespace

absl::StatusOr<Expression> ParseDsaString(std::string_view text) {
  if (!text.starts_with("W:")) {
    return absl::InvalidArgumentError("column 1: expected 'W:' at the start of a DSA string");
  }
  return Reader(text).Read();
}

absl::StatusOr<std::string> PrintDsaString(const Expression& expression) {
  const absl::Status no_chain = absl::InvalidArgumentError(
      fmt::format("expected dsa(transforms(reduction(pre-processes(WX))), {}), found '{}'",
                  kDsaLambda, Shortened(PrintExpression(expression))));
  if (expression.op != IdOf("dsa") || expression.parameters[0] != kDsaLambda) return no_chain;
  std::vector<const Expression*> chain;  // outermost first
  for (const Expression* node = &expression.children[0]; !node->children.empty();
       node = &node->children[0]) {
    if (node->children.size() > 1) return no_chain;
    chain.push_back(node);
    if (node->children[0].children.empty() && node->children[0].op != IdOf("WX")) return no_chain;
  }
  if (chain.empty()) return no_chain;
  std::reverse(chain.begin(), chain.end());

  std::vector<std::string_view> preprocess;
  size_t next = 0;
  for (; next < chain.size() && TypeOf(*chain[next]) == ValueType::kTensor; ++next) {
    const std::string_view name = NameIn(kPreprocess, *chain[next]);
    if (name.empty()) break;
    preprocess.push_back(name);
  }
  // If tensor operators remain here, they are transforms of a chain without a reduction. Such a
  // chain ends in a mean.
  std::string_view reduction = "NO_OP";
  const bool reduces = TypeOf(*chain[next]) == ValueType::kUnits;
  if (reduces) {
    reduction = NameIn(kReduction, *chain[next++]);
    if (reduction.empty()) return no_chain;
  } else if (chain.back()->op != IdOf("mean")) {
    return no_chain;
  } else {
    chain.pop_back();
  }
  std::vector<std::string_view> transform;
  for (; next < chain.size(); ++next) {
    const std::string_view name = NameIn(kTransform, *chain[next]);
    if (name.empty()) return no_chain;
    transform.push_back(name);
  }
  return fmt::format("W:({})-({})-({})-(8)", Join(preprocess), reduction, Join(transform));
}

}  // namespace strata::expr

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "expr/dsa_string.h"
#include "expr/expression.h"
#include "expr/grammar.h"
#include "expr/nearest_name.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::expr {
namespace {

constexpr size_t kMaximumTextBytes = 64 * 1024;
// Printed text nests at most three deep for each operator: once for its sign, once for its
// parentheses and once for those around a child.
constexpr int kMaximumNesting = 4 * kMaximumDepth;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// A recursive-descent parser of this grammar:
//   sum     = product { ("+" | "-") product }
//   product = unary { ("*" | "/") unary }
//   unary   = "-" number | "-" unary | primary
//   primary = number | "(" sum ")" | name [ "(" [ argument { "," argument } ] ")" ]
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<Expression> Parse() {
    absl::StatusOr<Expression> expression = Sum();
    if (!expression.ok()) return expression;
    SkipSpace();
    if (position_ != text_.size()) return Error(position_, "expected an operator or the end");
    absl::Status status = Validate(*expression);  // the limits on the whole tree
    if (!status.ok()) return status;
    return expression;
  }

 private:
  void SkipSpace() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t' ||
                                        text_[position_] == '\n' || text_[position_] == '\r')) {
      ++position_;
    }
  }

  char Peek() {
    SkipSpace();
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  bool Take(char wanted) {
    if (position_ >= text_.size() || Peek() != wanted) return false;
    ++position_;
    return true;
  }

  absl::Status Error(size_t position, std::string_view message) const {
    const std::string_view rest = text_.substr(std::min(position, text_.size()));
    const std::string found = rest.empty()       ? "the end of the text"
                              : rest.size() > 20 ? fmt::format("'{}...'", rest.substr(0, 20))
                                                 : fmt::format("'{}'", rest);
    return absl::InvalidArgumentError(
        fmt::format("column {}: {}, found {}", position + 1, message, found));
  }

  // Adds a node. `arguments` are the positions of its children and parameters. A fault is reported
  // at the position of the offending one.
  absl::StatusOr<Expression> Node(size_t position, OperatorId op, std::vector<double> parameters,
                                  std::vector<Expression> children,
                                  const std::vector<size_t>& arguments) {
    if (++nodes_ > kMaximumNodes) {
      return absl::InvalidArgumentError(fmt::format(
          "column {}: expected at most {} operators and operands", position + 1, kMaximumNodes));
    }
    Expression node{op, std::move(parameters), std::move(children)};
    const NodeFault fault = FindFault(node);
    if (fault.status.ok()) return node;
    const size_t where = fault.argument < 0 ? position : arguments[fault.argument];
    return absl::InvalidArgumentError(
        fmt::format("column {}: {}", where + 1, std::string(fault.status.message())));
  }

  absl::StatusOr<Expression> LeftAssociative(std::string_view operators,
                                             absl::StatusOr<Expression> (Parser::*operand)()) {
    SkipSpace();
    const size_t start = position_;
    absl::StatusOr<Expression> left = (this->*operand)();
    while (left.ok()) {
      const char symbol = Peek();
      if (symbol == '\0' || operators.find(symbol) == std::string_view::npos) break;
      const size_t position = position_++;
      SkipSpace();
      const size_t right_start = position_;
      absl::StatusOr<Expression> right = (this->*operand)();
      if (!right.ok()) return right;
      std::vector<Expression> children;
      children.push_back(*std::move(left));
      children.push_back(*std::move(right));
      left = Node(position, IdOf(std::string_view(&symbol, 1)), {}, std::move(children),
                  {start, right_start});
    }
    return left;
  }

  absl::StatusOr<Expression> Sum() { return LeftAssociative("+-", &Parser::Product); }
  absl::StatusOr<Expression> Product() { return LeftAssociative("*/", &Parser::Unary); }

  absl::StatusOr<Expression> Unary() {
    if (++nesting_ > kMaximumNesting) {
      return absl::InvalidArgumentError(
          fmt::format("column {}: nested more than {} deep", position_ + 1, kMaximumNesting));
    }
    absl::StatusOr<Expression> result = UnaryUnlimited();
    --nesting_;
    return result;
  }

  absl::StatusOr<Expression> UnaryUnlimited() {
    SkipSpace();
    const size_t position = position_;
    if (!Take('-')) return Primary();
    if (IsDigit(Peek()) || Peek() == '.') {
      STRATA_ASSIGN_OR_RETURN(double number, Number());
      return Node(position, IdOf("constant"), {-number}, {}, {position});
    }
    SkipSpace();
    const size_t start = position_;
    absl::StatusOr<Expression> child = Unary();
    if (!child.ok()) return child;
    std::vector<Expression> children;
    children.push_back(*std::move(child));
    return Node(position, IdOf("neg"), {}, std::move(children), {start});
  }

  // Reads a number without a sign.
  absl::StatusOr<double> Number() {
    double value = 0;
    const char* first = text_.data() + position_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
    if (error != std::errc()) return Error(position_, "expected a number within double precision");
    position_ += static_cast<size_t>(end - first);
    return value;
  }

  absl::StatusOr<double> SignedNumber(const Operator& row, const OperatorParameter& parameter) {
    const double sign = Take('-') ? -1 : 1;
    if (!IsDigit(Peek()) && Peek() != '.') {
      return Error(position_,
                   fmt::format("expected a number ({} of '{}')", parameter.name, row.name));
    }
    absl::StatusOr<double> number = Number();
    if (!number.ok()) return number;
    return sign * *number;
  }

  absl::StatusOr<Expression> Primary() {
    const char first = Peek();
    const size_t position = position_;
    if (IsDigit(first) || first == '.') {
      STRATA_ASSIGN_OR_RETURN(double number, Number());
      return Node(position, IdOf("constant"), {number}, {}, {position});
    }
    if (Take('(')) {
      absl::StatusOr<Expression> inner = Sum();
      if (!inner.ok()) return inner;
      if (!Take(')')) return Error(position_, "expected ')'");
      return inner;
    }
    if (IsNameStart(first)) return Call();
    return Error(position, "expected a number, a name, '-' or '('");
  }

  absl::StatusOr<Expression> Call() {
    const size_t position = position_;
    while (position_ < text_.size() &&
           (IsNameStart(text_[position_]) || IsDigit(text_[position_]))) {
      ++position_;
    }
    const std::string_view name = text_.substr(position, position_ - position);
    const Operator* row = FindOperator(name);
    if (row == nullptr) {
      return absl::InvalidArgumentError(
          fmt::format("column {}: unknown operator '{}', the nearest known name is '{}'",
                      position + 1, Shortened(name), NearestOperatorName(name)));
    }
    if (row->arity == 0 && row->parameters.empty()) {
      if (Take('(') && !Take(')')) {
        return Error(position_, fmt::format("expected ')': '{}' takes no arguments", row->name));
      }
      return Node(position, IdOf(row->name), {}, {}, {});
    }
    if (!Take('(')) {
      return Error(position_, fmt::format("expected '(' after '{}', which takes {}",
                                          Shortened(name), DescribeArguments(*row)));
    }
    return Arguments(position, *row);
  }

  // Reads the arguments and the closing parenthesis. The opening one was read before.
  absl::StatusOr<Expression> Arguments(size_t position, const Operator& row) {
    const size_t arity = static_cast<size_t>(row.arity);
    const size_t wanted = arity + row.parameters.size();
    std::vector<Expression> children;
    std::vector<double> parameters;
    std::vector<size_t> positions;
    for (size_t i = 0; i < wanted; ++i) {
      if (i > 0 && !Take(',')) return Missing(row, i);
      if (Peek() == ')') return Missing(row, i);
      positions.push_back(position_);
      if (i < arity) {
        absl::StatusOr<Expression> child = Sum();
        if (!child.ok()) return child;
        children.push_back(*std::move(child));
      } else {
        STRATA_ASSIGN_OR_RETURN(double number, SignedNumber(row, row.parameters[i - arity]));
        parameters.push_back(number);
      }
    }
    if (Peek() == ',') {
      return Error(position_,
                   fmt::format("expected ')' after {} argument{}: '{}' takes {}", wanted,
                               wanted == 1 ? "" : "s", row.name, DescribeArguments(row)));
    }
    if (!Take(')')) {
      return Error(position_,
                   fmt::format("expected ')': '{}' takes {}", row.name, DescribeArguments(row)));
    }
    return Node(position, IdOf(row.name), std::move(parameters), std::move(children), positions);
  }

  // Reports that argument number `count` of an operator is missing at this position.
  absl::Status Missing(const Operator& row, size_t count) {
    SkipSpace();
    const size_t arity = static_cast<size_t>(row.arity);
    const std::string missing =
        count < arity ? "an expression"
                      : fmt::format("a number ({})", row.parameters[count - arity].name);
    return Error(position_, fmt::format("expected {}{}: '{}' takes {}", count > 0 ? "',' and " : "",
                                        missing, row.name, DescribeArguments(row)));
  }

  std::string_view text_;
  size_t position_ = 0;
  int nesting_ = 0;
  int nodes_ = 0;
};

}  // namespace

absl::StatusOr<Expression> ParseExpression(std::string_view text) {
  if (text.size() > kMaximumTextBytes) {
    return absl::InvalidArgumentError(fmt::format(
        "expected an expression of at most {} bytes, found {}", kMaximumTextBytes, text.size()));
  }
  if (text.starts_with("W:")) return ParseDsaString(text);
  return Parser(text).Parse();
}

}  // namespace strata::expr

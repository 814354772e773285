#include <fmt/format.h>

#include <cmath>

#include "expr/expression.h"
#include "expr/grammar.h"

namespace strata::expr {
namespace {

// How tightly a printed subtree binds. A subtree that binds more loosely is put in parentheses.
enum Binding { kSum, kProduct, kUnary, kAtom };

struct InfixNames {
  OperatorId plus = IdOf("+");
  OperatorId minus = IdOf("-");
  OperatorId times = IdOf("*");
  OperatorId over = IdOf("/");
  OperatorId negate = IdOf("neg");
  OperatorId constant = IdOf("constant");
};

const InfixNames& Infix() {
  static const InfixNames names;
  return names;
}

Binding BindingOf(const Expression& node) {
  if (node.op == Infix().plus || node.op == Infix().minus) return kSum;
  if (node.op == Infix().times || node.op == Infix().over) return kProduct;
  if (node.op == Infix().negate) return kUnary;
  return kAtom;
}

void Append(const Expression& node, Binding loosest, std::string& out);

void AppendCall(const Expression& node, std::string& out) {
  const Operator& row = OperatorOf(node.op);
  out += row.name;
  const bool bare = node.children.empty() && node.parameters.empty();
  if (bare && row.kind != OperatorKind::kPostprocess) return;
  out += '(';
  std::string_view separator;
  for (const Expression& child : node.children) {
    out += separator;
    Append(child, kSum, out);
    separator = ", ";
  }
  for (const double parameter : node.parameters) {
    out += separator;
    out += FormatNumber(parameter);
    separator = ", ";
  }
  out += ')';
}

void AppendUnbracketed(const Expression& node, Binding binding, std::string& out) {
  if (node.op == Infix().constant) {
    out += FormatNumber(node.parameters[0]);
  } else if (binding == kUnary) {
    // "-2" is the constant minus two. The negation of the constant two is "-(2)".
    const Expression& child = node.children[0];
    const bool bracket = child.op == Infix().constant && !std::signbit(child.parameters[0]);
    out += bracket ? "-(" : "-";
    Append(child, kUnary, out);
    if (bracket) out += ')';
  } else if (binding == kAtom) {
    AppendCall(node, out);
  } else {
    Append(node.children[0], binding, out);
    out += ' ';
    out += OperatorOf(node.op).name;
    out += ' ';
    Append(node.children[1], static_cast<Binding>(binding + 1), out);  // left-associative
  }
}

void Append(const Expression& node, Binding loosest, std::string& out) {
  const Binding binding = BindingOf(node);
  if (binding < loosest) {
    out += '(';
    AppendUnbracketed(node, binding, out);
    out += ')';
  } else {
    AppendUnbracketed(node, binding, out);
  }
}

}  // namespace

std::string PrintExpression(const Expression& expression) {
  std::string out;
  Append(expression, kSum, out);
  return out;
}

}  // namespace strata::expr

#include "expr/latex.h"

#include <cmath>
#include <string_view>

#include "expr/grammar.h"

namespace strata::expr {
namespace {

// How tightly a formula binds. A formula that binds more loosely is put in parentheses.
enum Binding { kSum, kSign, kProduct, kAtom };

Binding BindingOf(const Expression& node) {
  const std::string_view name = OperatorOf(node.op).name;
  if (name == "+" || name == "-" || name == "mix") return kSum;
  if (name == "neg") return kSign;
  if (name == "constant") {
    if (std::signbit(node.parameters[0])) return kSign;
    return FormatNumber(node.parameters[0]).find('e') == std::string::npos ? kAtom : kProduct;
  }
  if (name == "*" || name == "WX" || name == "l1") return kProduct;
  return kAtom;
}

// Returns the loosest binding at which child number `child` needs no parentheses. Most templates
// hold their children between delimiters.
Binding LoosestChild(const Expression& node, size_t child) {
  const std::string_view name = OperatorOf(node.op).name;
  if (name == "+" || name == "-") return child == 0 ? kSum : kProduct;
  if (name == "*" || name == "neg" || name == "mix") return kProduct;
  if (name == "rootprod") return kAtom;
  return kSum;
}

// Writes a number like "1e-05" as a power of ten.
std::string LatexNumber(double value) {
  const std::string text = FormatNumber(value);
  const size_t exponent = text.find('e');
  if (exponent == std::string::npos) return text;
  const size_t digits = text[exponent + 1] == '+' ? exponent + 2 : exponent + 1;
  return text.substr(0, exponent) + R"( \cdot 10^{)" +
         std::to_string(std::stoi(text.substr(digits))) + "}";
}

void Append(const Expression& node, std::string& out);

void AppendChild(const Expression& node, size_t child, std::string& out) {
  const bool bracket = BindingOf(node.children[child]) < LoosestChild(node, child);
  if (bracket) out += R"(\left()";
  Append(node.children[child], out);
  if (bracket) out += R"(\right))";
}

// Returns the operator's parameter called `name`.
double ParameterOf(const Expression& node, std::string_view name) {
  const Operator& row = OperatorOf(node.op);
  for (size_t i = 0; i < row.parameters.size(); ++i) {
    if (row.parameters[i].name == name) return node.parameters[i];
  }
  return std::nan("");  // not reached: a test compares every template with its parameters
}

void Append(const Expression& node, std::string& out) {
  const Operator& row = OperatorOf(node.op);
  if (row.kind == OperatorKind::kConstant) {
    out += LatexNumber(node.parameters[0]);
    return;
  }
  const std::string_view pattern = row.latex;
  size_t child = 0;
  for (size_t i = 0; i < pattern.size();) {
    if (pattern.substr(i, 2) == "{}" && child < node.children.size()) {
      AppendChild(node, child++, out);
      i += 2;
    } else if (pattern[i] == '<') {
      const size_t end = pattern.find('>', i);
      out += LatexNumber(ParameterOf(node, pattern.substr(i + 1, end - i - 1)));
      i = end + 1;
    } else {
      out += pattern[i++];
    }
  }
}

}  // namespace

std::string ToLatex(const Expression& expression) {
  std::string out;
  Append(expression, out);
  return out;
}

}  // namespace strata::expr

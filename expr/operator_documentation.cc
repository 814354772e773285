#include "expr/operator_documentation.h"

#include <fmt/format.h>

#include <string_view>

#include "expr/grammar.h"
#include "expr/operator_table.h"

namespace strata::expr {
namespace {

struct Section {
  OperatorKind kind;
  std::string_view title;
};

constexpr Section kSections[] = {
    {OperatorKind::kTensorSource, "Tensor sources: () → Tensor"},
    {OperatorKind::kStructuralSource, "Structural sources: () → Units"},
    {OperatorKind::kConstant, "Constants: () → Units"},
    {OperatorKind::kElementwise, "Element-wise: Tensor → Tensor, Units → Units"},
    {OperatorKind::kWholeTensor, "Whole tensor: Tensor → Tensor"},
    {OperatorKind::kReduction, "Reductions: Tensor → Units"},
    {OperatorKind::kAcrossUnits, "Across units: Units → Units"},
    {OperatorKind::kBinary, "Binary: (Units, Units) → Units"},
    {OperatorKind::kPrunedSource, "Pruned sources: Allocation → Units"},
    {OperatorKind::kPostprocess, "Post-processes: Units → Allocation"},
    {OperatorKind::kDescent, "Descents: Allocation → Allocation"},
    {OperatorKind::kAdjustment, "Adjustments: (Allocation, Units) → Allocation"},
};

// A vertical bar would end the cell.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

// "lambda 0.005 to 0.5, M 2 to 20 by 1".
std::string Parameters(const Operator& row) {
  std::string text;
  for (const OperatorParameter& parameter : row.parameters) {
    text += fmt::format(
        "{}{} {} to {}{}", text.empty() ? "" : ", ", parameter.name,
        FormatNumber(parameter.minimum), FormatNumber(parameter.maximum),
        parameter.step > 0 ? fmt::format(" by {}", FormatNumber(parameter.step)) : std::string());
  }
  return text;
}

}  // namespace

std::string OperatorTableMarkdown() {
  std::string out;
  for (const Section& section : kSections) {
    out += fmt::format(
        "### {}\n\n| name | DSA | numbers | meaning | total | from |\n|---|---|---|---|---|---|\n",
        section.title);
    for (const Operator& row : Operators()) {
      if (row.kind != section.kind) continue;
      out += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", row.name, row.alias,
                         Parameters(row), Cell(row.meaning),
                         row.domain == DomainRule::kTotal ? "yes" : "no", Cell(row.source));
    }
    out += '\n';
  }
  return out;
}

std::string OperatorTableText() {
  std::string out;
  for (const Section& section : kSections) {
    out += fmt::format("{}{}\n", out.empty() ? "" : "\n", section.title);
    for (const Operator& row : Operators()) {
      if (row.kind != section.kind) continue;
      out += fmt::format("  {:<17} {}\n", row.name, row.meaning);
      std::string details;
      if (!row.parameters.empty()) details += fmt::format("{}; ", Parameters(row));
      if (!row.alias.empty()) details += fmt::format("{} in DSA; ", row.alias);
      details += row.domain == DomainRule::kTotal ? "always finite; " : "may be NaN or infinite; ";
      out += fmt::format("  {:<17}   {}from {}\n", "", details, row.source);
    }
  }
  return out;
}

}  // namespace strata::expr

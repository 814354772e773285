// Expressions and their values drawn with characters.
#ifndef STRATA_CLI_EXPRESSION_CHART_H_
#define STRATA_CLI_EXPRESSION_CHART_H_

#include <span>
#include <string>
#include <vector>

#include "expr/expression.h"
#include "expr/node_values.h"

namespace strata::cli {

// One character per value, eight heights from the smallest to the largest finite value; "×" for
// what is not a number, "↑" and "↓" for infinities. More values than `width` are averaged in groups
// of neighbours. UTF-8.
std::string Sparkline(std::span<const double> values, size_t width);

// "0.431 to 0.792", and how many values are not a number or infinite.
std::string Extent(std::span<const double> values);

// The tree with one line per node: its operator and numbers, its type, and, where `values` has
// them, a sparkline and the extent. `values` are those of EvaluateNodes, or empty.
std::string TreeChart(const expr::Expression& expression,
                      const std::vector<expr::NodeValue>& values);

// One line per unit: name, sparsity, and a bar from 0 to 1.
std::string AllocationChart(const std::vector<std::string>& names,
                            std::span<const double> sparsity);

}  // namespace strata::cli

#endif  // STRATA_CLI_EXPRESSION_CHART_H_

// Draws expressions and their values with characters.
#ifndef STRATA_CLI_SHARED_EXPRESSION_CHART_H_
#define STRATA_CLI_SHARED_EXPRESSION_CHART_H_

#include <span>
#include <string>
#include <vector>

#include "cli/shared/page.h"
#include "expr/expression.h"
#include "expr/node_values.h"

namespace strata::cli {

// Returns one character per value, in UTF-8. The values have eight heights, from the smallest to
// the largest finite one. "×" stands for NaN, "↑" and "↓" for infinities. If there are more values
// than `width`, groups of neighbours are averaged.
std::string Sparkline(std::span<const double> values, size_t width);

// Returns "0.431 to 0.792", and the number of values that are NaN or infinite.
std::string Extent(std::span<const double> values);

// Returns the tree with one line per node: its operator and numbers, its type, and, if `values`
// holds any for the node, a sparkline and the extent. `values` are those of EvaluateNodes, or
// empty. On a narrow page sparklines are shorter, and what follows a long label stands on the next
// line.
std::string TreeChart(const expr::Expression& expression,
                      const std::vector<expr::NodeValue>& values, const Page& page = Page());

// Returns one line per unit: name, sparsity, and a bar from 0 to 1. On a narrow page bars are
// shorter, and long names stand on lines of their own.
std::string AllocationChart(const std::vector<std::string>& names, std::span<const double> sparsity,
                            const Page& page = Page());

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_EXPRESSION_CHART_H_

// The value of every node of an expression, for showing how a function comes to its allocation.
#ifndef STRATA_EXPR_NODE_VALUES_H_
#define STRATA_EXPR_NODE_VALUES_H_

#include <absl/status/statusor.h>

#include <vector>

#include "expr/allocation.h"
#include "expr/expression.h"
#include "expr/feature_table.h"

namespace strata::expr {

struct NodeValue {
  const Expression* node;  // in the expression that was evaluated
  int depth;               // 0 for the root
  // One per unit; none for a Tensor, whose elements never leave the worker. Under dsa(...) as its
  // arithmetic gives them: single precision, with NaN and infinities.
  std::vector<double> values;
  absl::Status status;  // why there are no values: NotFound for a feature that was not measured
};

// Every node, parents before children, children in order. `expression` is valid and must outlive
// the result. A node above one without values has none either, and the status of that one.
std::vector<NodeValue> EvaluateNodes(const Expression& expression, const FeatureTable& features,
                                     const AllocationTarget& target);

}  // namespace strata::expr

#endif  // STRATA_EXPR_NODE_VALUES_H_

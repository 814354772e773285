// The value of every node of an expression. It shows how a function comes to its allocation.
#ifndef STRATA_EXPR_NODE_VALUES_H_
#define STRATA_EXPR_NODE_VALUES_H_

#include <absl/status/statusor.h>

#include <vector>

#include "expr/allocation.h"
#include "expr/expression.h"
#include "expr/feature_table.h"

namespace strata::expr {

struct NodeValue {
  const Expression* node;  // node of the expression that was evaluated
  int depth;               // 0 for the root
  // One value per unit. Empty for a Tensor, whose elements never leave the worker. Under dsa(...),
  // values are as its arithmetic gives them: in single precision, with NaN and infinities.
  std::vector<double> values;
  absl::Status status;  // reason for missing values: NotFound for a feature that was not measured
};

// Returns every node, parents before children and children in order. `expression` must be valid and
// outlive the result. A node above one without values has no values either, and the same status.
std::vector<NodeValue> EvaluateNodes(const Expression& expression, const FeatureTable& features,
                                     const AllocationTarget& target);

}  // namespace strata::expr

#endif  // STRATA_EXPR_NODE_VALUES_H_

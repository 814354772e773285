#include "expr/expression.h"

#include <fmt/format.h>

#include <algorithm>

#include "expr/grammar.h"
#include "expr/shortened.h"

namespace strata::expr {
namespace {

// `nodes_left` counts down over the whole tree, so that the check stops early on absurd trees.
absl::Status ValidateSubtree(const Expression& node, int depth_left, int& nodes_left) {
  if (--nodes_left < 0) {
    return absl::InvalidArgumentError(
        fmt::format("an expression has at most {} nodes", kMaximumNodes));
  }
  if (depth_left == 0) {
    return absl::InvalidArgumentError(
        fmt::format("an expression is at most {} operators deep", kMaximumDepth));
  }
  for (const Expression& child : node.children) {
    absl::Status status = ValidateSubtree(child, depth_left - 1, nodes_left);
    if (!status.ok()) return status;
  }
  absl::Status status = CheckNode(node);
  if (status.ok()) return status;
  std::string where;
  if (static_cast<size_t>(node.op) < Operators().size() &&
      node.children.size() == static_cast<size_t>(OperatorOf(node.op).arity) &&
      node.parameters.size() == OperatorOf(node.op).parameters.size()) {
    where = fmt::format(" in '{}'", Shortened(PrintExpression(node)));
  }
  return absl::InvalidArgumentError(fmt::format("{}{}", std::string(status.message()), where));
}

}  // namespace

ValueType TypeOf(const Expression& expression) {
  const Expression* node = &expression;
  // An element-wise operator has the type of its child. Without a child the tree is invalid, and
  // the type is Units here.
  while (OperatorOf(node->op).kind == OperatorKind::kElementwise && !node->children.empty()) {
    node = &node->children[0];
  }
  switch (OperatorOf(node->op).kind) {
    case OperatorKind::kTensorSource:
    case OperatorKind::kWholeTensor:
      return ValueType::kTensor;
    case OperatorKind::kPostprocess:
    case OperatorKind::kDescent:
    case OperatorKind::kAdjustment:
      return ValueType::kAllocation;
    default:
      return ValueType::kUnits;
  }
}

int Complexity(const Expression& expression) {
  int nodes = 1;
  for (const Expression& child : expression.children) nodes += Complexity(child);
  return nodes;
}

int Depth(const Expression& expression) {
  int deepest = 0;
  for (const Expression& child : expression.children) deepest = std::max(deepest, Depth(child));
  return deepest + 1;
}

absl::Status Validate(const Expression& expression) {
  int nodes_left = kMaximumNodes;
  return ValidateSubtree(expression, kMaximumDepth, nodes_left);
}

}  // namespace strata::expr

#include "expr/node_values.h"

#include <utility>

#include "expr/bad_values.h"
#include "expr/blockwise.h"
#include "expr/kernels.h"

namespace strata::expr {
namespace {

class NodeEvaluator {
 public:
  NodeEvaluator(const FeatureTable& features, const AllocationTarget& target)
      : features_(features), target_(target), scratch_(static_cast<size_t>(features.units())) {}

  void Visit(const Expression& node, ValueRule rule, int depth) {
    const size_t index = values_.size();
    values_.push_back({&node, depth, {}, absl::OkStatus()});
    const ValueRule below = OperatorOf(node.op).name == "dsa" ? ValueRule::kSinglePrecision : rule;
    const ValueType type = TypeOf(node);
    if (OperatorOf(node.op).name == "blockwise") {
      VisitBlocks(node, rule, depth);
      return;
    }
    std::vector<size_t> children;
    const bool is_source = OperatorOf(node.op).kind == OperatorKind::kPrunedSource;
    for (const Expression& child : node.children) {
      if (is_source) break;  // the operand is an allocation of another model and target
      children.push_back(values_.size());
      Visit(child, below, depth + 1);
    }
    if (type == ValueType::kTensor) return;
    absl::StatusOr<std::vector<double>> values = type == ValueType::kAllocation
                                                     ? EvaluateAllocation(node, features_, target_)
                                                     : Units(node, children, rule);
    if (values.ok()) {
      values_[index].values = *std::move(values);
    } else {
      values_[index].status = values.status();
    }
  }

  // Evaluates the operand of blockwise(...) and everything below it on the blocks, and spreads the
  // values over the units.
  void VisitBlocks(const Expression& node, ValueRule rule, int depth) {
    const size_t index = values_.size() - 1;
    const Expression& operand = node.children[0];
    absl::StatusOr<FeatureTable> blocks = BlockTable(operand, features_);
    // If features are missing, the tree is still shown, with the values that can be computed.
    if (!blocks.ok()) blocks = FeatureTable(BlockLayoutOf(features_.layout()));
    NodeEvaluator below(*blocks, target_);
    below.Visit(operand, rule, depth + 1);
    for (NodeValue& value : below.Take()) {
      if (!value.values.empty()) value.values = SpreadOverUnits(value.values, features_.layout());
      values_.push_back(std::move(value));
    }
    values_[index].values = values_[index + 1].values;
    values_[index].status = values_[index + 1].status;
  }

  std::vector<NodeValue> Take() { return std::move(values_); }

 private:
  absl::StatusOr<std::vector<double>> Units(const Expression& node,
                                            const std::vector<size_t>& children, ValueRule rule) {
    const OperatorKind kind = OperatorOf(node.op).kind;
    const bool is_leaf = kind == OperatorKind::kStructuralSource ||
                         kind == OperatorKind::kReduction || kind == OperatorKind::kConstant ||
                         kind == OperatorKind::kPrunedSource;
    if (is_leaf) return Leaf(node, rule);
    for (const size_t child : children) {
      if (!values_[child].status.ok()) return values_[child].status;
    }
    const std::vector<double>& first = values_[children[0]].values;
    std::vector<double> out(first.size());
    if (kind == OperatorKind::kElementwise) {
      ElementwiseLoopOf(node.op, rule)(first, out);
    } else if (kind == OperatorKind::kBinary) {
      BinaryLoopOf(node.op, rule)(first, values_[children[1]].values, node.parameters, out);
    } else {
      AcrossUnitsKernelOf(node.op)(first, features_.layout(), scratch_, out);
      ApplyRule(rule, out);
    }
    return out;
  }

  // Returns the values of a leaf under the rule. Measured values enter as measured, with NaN and
  // infinities. Values that follow from the layout are finite.
  absl::StatusOr<std::vector<double>> Leaf(const Expression& node, ValueRule rule) const {
    const std::vector<double>* measured = features_.Find(PrintExpression(node));
    if (measured == nullptr) {
      absl::StatusOr<std::vector<double>> values = EvaluateUnits(node, features_);
      if (values.ok()) ApplyRule(rule, *values);
      return values;
    }
    std::vector<double> values = *measured;
    ApplyRule(rule, values);
    return values;
  }

  const FeatureTable& features_;
  const AllocationTarget target_;
  KernelScratch scratch_;
  std::vector<NodeValue> values_;
};

}  // namespace

std::vector<NodeValue> EvaluateNodes(const Expression& expression, const FeatureTable& features,
                                     const AllocationTarget& target) {
  NodeEvaluator evaluator(features, target);
  evaluator.Visit(expression, ValueRule::kTotal, 0);
  return evaluator.Take();
}

}  // namespace strata::expr

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "expr/allocation.h"
#include "expr/bad_values.h"
#include "expr/expression.h"
#include "expr/kernels.h"
#include "expr/postprocess.h"

namespace strata::expr {
namespace {

// What happens to each operator's result.
enum class Rule { kTotal, kSinglePrecision };

class LayersEvaluator {
 public:
  LayersEvaluator(const FeatureTable& features, Rule rule) : features_(features), rule_(rule) {}

  // `node` is valid and of type Layers.
  absl::StatusOr<std::vector<double>> Evaluate(const Expression& node) const {
    absl::StatusOr<std::vector<double>> values = Raw(node);
    if (!values.ok()) return values;
    for (double& value : *values) {
      value = rule_ == Rule::kTotal ? Total(value) : SinglePrecision(value);
    }
    return values;
  }

 private:
  absl::StatusOr<std::vector<double>> Raw(const Expression& node) const {
    switch (OperatorOf(node.op).kind) {
      case OperatorKind::kStructuralSource:
      case OperatorKind::kReduction:
        return Feature(node);
      case OperatorKind::kConstant:
        return std::vector<double>(static_cast<size_t>(features_.units()), node.parameters[0]);
      case OperatorKind::kElementwise: {
        absl::StatusOr<std::vector<double>> values = Evaluate(node.children[0]);
        if (!values.ok()) return values;
        const ScalarKernel kernel = ScalarKernelOf(node.op);
        for (double& value : *values) value = kernel(value);
        return values;
      }
      case OperatorKind::kAcrossLayers: {
        absl::StatusOr<std::vector<double>> values = Evaluate(node.children[0]);
        if (!values.ok()) return values;
        return AcrossLayersKernelOf(node.op)(*values);
      }
      case OperatorKind::kBinary: {
        absl::StatusOr<std::vector<double>> left = Evaluate(node.children[0]);
        if (!left.ok()) return left;
        absl::StatusOr<std::vector<double>> right = Evaluate(node.children[1]);
        if (!right.ok()) return right;
        const BinaryKernel kernel = BinaryKernelOf(node.op);
        for (size_t i = 0; i < left->size(); ++i) (*left)[i] = kernel((*left)[i], (*right)[i]);
        return left;
      }
      default:
        return absl::InternalError(
            fmt::format("'{}' does not give Layers", OperatorOf(node.op).name));
    }
  }

  absl::StatusOr<std::vector<double>> Feature(const Expression& node) const {
    const std::string_view name = OperatorOf(node.op).name;
    const size_t units = features_.parameters().size();
    if (name == "depth") {
      std::vector<double> depth(units, 0.0);
      for (size_t i = 1; i < units; ++i) {
        depth[i] = static_cast<double>(i) / static_cast<double>(units - 1);
      }
      return depth;
    }
    if (name == "size") {
      const std::vector<int64_t>& parameters = features_.parameters();
      const int64_t largest = *std::max_element(parameters.begin(), parameters.end());
      std::vector<double> size(parameters.begin(), parameters.end());
      for (double& value : size) value /= static_cast<double>(largest);
      return size;
    }
    const std::string feature = PrintExpression(node);
    const std::vector<double>* values = features_.Find(feature);
    if (values == nullptr) {
      return absl::NotFoundError(fmt::format("feature '{}' was not measured", feature));
    }
    return *values;
  }

  const FeatureTable& features_;
  const Rule rule_;
};

absl::Status CheckArguments(const Expression& expression, const FeatureTable& features,
                            ValueType wanted, std::string_view name) {
  absl::Status status = Validate(expression);
  if (!status.ok()) return status;
  if (TypeOf(expression) != wanted) {
    return absl::InvalidArgumentError(fmt::format("expected an expression of type {}, found '{}'",
                                                  name, PrintExpression(expression)));
  }
  if (features.units() == 0) return absl::InvalidArgumentError("the feature table has no units");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<double>> DsaOperand(const Expression& operand,
                                               const FeatureTable& features) {
  absl::StatusOr<std::vector<double>> values =
      LayersEvaluator(features, Rule::kSinglePrecision).Evaluate(operand);
  if (!values.ok()) return values;
  for (double& value : *values) value = std::isnan(value) ? 0.0 : std::isinf(value) ? -1.0 : value;
  return values;
}

}  // namespace

absl::StatusOr<std::vector<double>> EvaluateLayers(const Expression& expression,
                                                   const FeatureTable& features) {
  absl::Status status = CheckArguments(expression, features, ValueType::kLayers, "Layers");
  if (!status.ok()) return status;
  return LayersEvaluator(features, Rule::kTotal).Evaluate(expression);
}

absl::StatusOr<std::vector<double>> EvaluateDsaLayers(const Expression& expression,
                                                      const FeatureTable& features) {
  absl::Status status = CheckArguments(expression, features, ValueType::kLayers, "Layers");
  if (!status.ok()) return status;
  return DsaOperand(expression, features);
}

absl::StatusOr<Allocation> EvaluateAllocation(const Expression& expression,
                                              const FeatureTable& features,
                                              const AllocationTarget& target) {
  absl::Status status = CheckArguments(expression, features, ValueType::kAllocation, "Allocation");
  if (!status.ok()) return status;
  status = ValidateTarget(target);
  if (!status.ok()) return status;
  static const OperatorId dsa = IdOf("dsa");
  absl::StatusOr<std::vector<double>> x = std::vector<double>();
  if (!expression.children.empty()) {
    const Expression& operand = expression.children[0];
    x = expression.op == dsa ? DsaOperand(operand, features)
                             : LayersEvaluator(features, Rule::kTotal).Evaluate(operand);
    if (!x.ok()) return x.status();
  }
  const std::vector<double> wanted = PostprocessKernelOf(expression.op)(
      {*x, expression.parameters, features.parameters(), target});
  return Project(wanted, features.parameters(), target);
}

}  // namespace strata::expr

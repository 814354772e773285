#include "pruning/feature_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pruning/tensor_kernels.h"

namespace strata::pruning {
namespace {

using expr::Expression;
using expr::OperatorKind;

absl::StatusOr<ScoreSource> SourceOf(expr::OperatorId id) {
  const std::string_view name = expr::OperatorOf(id).name;
  if (name == "W") return ScoreSource::kWeight;
  if (name == "X") return ScoreSource::kInputNorm;
  if (name == "WX") return ScoreSource::kWandaScore;
  return absl::InvalidArgumentError(
      fmt::format("the tensor source '{}' cannot be measured; W, X and WX can", name));
}

bool SameTensor(const TensorNode& a, const TensorNode& b) {
  return a.parent == b.parent && (a.parent == -1 ? a.source == b.source : a.op == b.op);
}

}  // namespace

absl::StatusOr<FeaturePlan> FeaturePlan::Create(const std::vector<std::string>& features) {
  FeaturePlan plan;
  for (const std::string& feature : features) {
    if (absl::Status status = plan.Add(feature); !status.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("feature '{}': {}", feature, std::string(status.message())));
    }
  }
  return plan;
}

bool FeaturePlan::needs_block_statistics() const {
  return std::any_of(outputs_.begin(), outputs_.end(), [](const FeatureOutput& output) {
    return output.kind == FeatureKind::kRedundancy || output.kind == FeatureKind::kInfluence;
  });
}

absl::Status FeaturePlan::Add(const std::string& feature) {
  const absl::StatusOr<Expression> parsed = expr::ParseExpression(feature);
  if (!parsed.ok()) return parsed.status();
  const expr::Operator& root = expr::OperatorOf(parsed->op);
  FeatureOutput output;
  if (root.kind == OperatorKind::kReduction) {
    const ReductionKernel* kernel = ReductionKernelOf(parsed->op);
    if (kernel == nullptr) {
      return absl::InvalidArgumentError(
          fmt::format("the reduction '{}' cannot be measured", root.name));
    }
    const absl::StatusOr<int> node = AddTensor(parsed->children[0]);
    if (!node.ok()) return node.status();
    output = {FeatureKind::kReduction, *node, parsed->op, 0};
    nodes_[*node].groups |= kernel->groups;
  } else if (root.kind == OperatorKind::kStructuralSource && root.name == "outliers") {
    const int node = FindOrAdd(TensorNode());
    output = {FeatureKind::kOutliers, node, {}, parsed->parameters[0]};
    nodes_[node].groups |= kMoments;
    std::vector<double>& multiples = nodes_[node].outlier_multiples;
    if (std::find(multiples.begin(), multiples.end(), output.multiple) == multiples.end()) {
      multiples.push_back(output.multiple);
    }
  } else if (root.kind == OperatorKind::kStructuralSource && root.name == "redundancy") {
    output.kind = FeatureKind::kRedundancy;
  } else if (root.kind == OperatorKind::kStructuralSource && root.name == "influence") {
    output.kind = FeatureKind::kInfluence;
  } else {
    return absl::InvalidArgumentError(
        fmt::format("expected a reduction of a tensor, or outliers, redundancy or influence; "
                    "found '{}'",
                    root.name));
  }
  outputs_.push_back(output);
  return absl::OkStatus();
}

absl::StatusOr<int> FeaturePlan::AddTensor(const Expression& tensor) {
  const expr::Operator& op = expr::OperatorOf(tensor.op);
  TensorNode wanted;
  if (op.kind == OperatorKind::kTensorSource) {
    const absl::StatusOr<ScoreSource> source = SourceOf(tensor.op);
    if (!source.ok()) return source.status();
    wanted.source = *source;
    return FindOrAdd(wanted);
  }
  const WholeTensorKernel* whole = WholeTensorKernelOf(tensor.op);
  if (whole == nullptr && ElementwiseKernelOf(tensor.op) == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("the operator '{}' cannot be applied to a tensor", op.name));
  }
  const absl::StatusOr<int> parent = AddTensor(tensor.children[0]);
  if (!parent.ok()) return parent.status();
  if (whole != nullptr) nodes_[*parent].groups |= whole->groups;
  wanted.parent = *parent;
  wanted.op = tensor.op;
  return FindOrAdd(wanted);
}

int FeaturePlan::FindOrAdd(const TensorNode& wanted) {
  const auto found = std::find_if(nodes_.begin(), nodes_.end(),
                                  [&](const TensorNode& node) { return SameTensor(node, wanted); });
  if (found != nodes_.end()) return static_cast<int>(found - nodes_.begin());
  nodes_.push_back(wanted);
  return static_cast<int>(nodes_.size()) - 1;
}

}  // namespace strata::pruning

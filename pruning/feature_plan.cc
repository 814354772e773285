#include "pruning/feature_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "expr/status_macros.h"
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
  if (name == "G") return ScoreSource::kGradient;
  return absl::InvalidArgumentError(
      fmt::format("the tensor source '{}' cannot be measured; W, X, WX and G can", name));
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

bool FeaturePlan::Has(FeatureKind kind) const {
  return std::any_of(outputs_.begin(), outputs_.end(),
                     [kind](const FeatureOutput& output) { return output.kind == kind; });
}

bool FeaturePlan::needs_scaler_rows() const {
  return needs_distortion() ||
         std::any_of(nodes_.begin(), nodes_.end(), [](const TensorNode& node) {
           return node.parent < 0 && (node.source == ScoreSource::kInputNorm ||
                                      node.source == ScoreSource::kWandaScore);
         });
}

bool FeaturePlan::needs_block_statistics() const {
  return Has(FeatureKind::kRedundancy) || Has(FeatureKind::kInfluence);
}

bool FeaturePlan::needs_gradients() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const TensorNode& node) {
    return node.parent < 0 && node.source == ScoreSource::kGradient;
  });
}

bool FeaturePlan::needs_all_units() const {
  return std::any_of(outputs_.begin(), outputs_.end(), [](const FeatureOutput& output) {
    return output.kind == FeatureKind::kReduction &&
           ReductionKernelOf(output.reduction)->form == ReductionForm::kGlobalThreshold;
  });
}

absl::Status FeaturePlan::Add(const std::string& feature) {
  STRATA_ASSIGN_OR_RETURN(const Expression parsed, expr::ParseExpression(feature));
  const expr::Operator& root = expr::OperatorOf(parsed.op);
  absl::StatusOr<FeatureOutput> output = absl::InvalidArgumentError(
      fmt::format("expected a reduction of a tensor or a measured source, found '{}'", root.name));
  if (root.kind == OperatorKind::kReduction) output = ReductionOf(parsed);
  if (root.kind == OperatorKind::kStructuralSource) output = SourceFeature(parsed);
  if (!output.ok()) return output.status();
  outputs_.push_back(*output);
  return absl::OkStatus();
}

absl::StatusOr<FeatureOutput> FeaturePlan::ReductionOf(const Expression& feature) {
  const ReductionKernel* kernel = ReductionKernelOf(feature.op);
  if (kernel == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("the reduction '{}' cannot be measured", expr::OperatorOf(feature.op).name));
  }
  STRATA_ASSIGN_OR_RETURN(const int node, AddTensor(feature.children[0]));
  nodes_[node].groups |= kernel->groups;
  return FeatureOutput{FeatureKind::kReduction, node, feature.op,
                       feature.parameters.empty() ? 0 : feature.parameters[0]};
}

absl::StatusOr<FeatureOutput> FeaturePlan::SourceFeature(const Expression& feature) {
  const std::string_view name = expr::OperatorOf(feature.op).name;
  if (name == "redundancy") return FeatureOutput{.kind = FeatureKind::kRedundancy};
  if (name == "influence") return FeatureOutput{.kind = FeatureKind::kInfluence};
  if (name == "linearredundancy") return FeatureOutput{.kind = FeatureKind::kLinearRedundancy};
  if (name == "sensitivity") return FeatureOutput{.kind = FeatureKind::kSensitivity};
  if (name == "distortion") return FeatureOutput{.kind = FeatureKind::kDistortion};
  if (name == "slope") return FeatureOutput{.kind = FeatureKind::kSlope};
  if (name == "alpha") {
    const int node = FindOrAdd({.source = ScoreSource::kWeight});
    return FeatureOutput{FeatureKind::kReduction, node, expr::IdOf("spectraltail"), 0};
  }
  if (name != "outliers") {
    return absl::InvalidArgumentError(
        fmt::format("'{}' follows from the layout of the units and is not measured", name));
  }
  const int node = FindOrAdd({.source = ScoreSource::kWandaScore});
  const FeatureOutput output{FeatureKind::kOutliers, node, {}, feature.parameters[0]};
  nodes_[node].groups |= kMoments;
  std::vector<double>& multiples = nodes_[node].outlier_multiples;
  if (std::find(multiples.begin(), multiples.end(), output.parameter) == multiples.end()) {
    multiples.push_back(output.parameter);
  }
  return output;
}

absl::StatusOr<int> FeaturePlan::AddTensor(const Expression& tensor) {
  const expr::Operator& op = expr::OperatorOf(tensor.op);
  TensorNode wanted;
  if (op.kind == OperatorKind::kTensorSource) {
    STRATA_ASSIGN_OR_RETURN(const ScoreSource source, SourceOf(tensor.op));
    wanted.source = source;
    return FindOrAdd(wanted);
  }
  const WholeTensorKernel* whole = WholeTensorKernelOf(tensor.op);
  if (whole == nullptr && ElementwiseKernelOf(tensor.op) == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("the operator '{}' cannot be applied to a tensor", op.name));
  }
  STRATA_ASSIGN_OR_RETURN(const int parent, AddTensor(tensor.children[0]));
  if (whole != nullptr) nodes_[parent].groups |= whole->groups;
  wanted.parent = parent;
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

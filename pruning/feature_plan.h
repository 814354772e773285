// A plan for measuring a list of features together: the tensors that must be formed, and the
// statistics that must be gathered from each.
#ifndef STRATA_PRUNING_FEATURE_PLAN_H_
#define STRATA_PRUNING_FEATURE_PLAN_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "expr/expression.h"

namespace strata::pruning {

// The value that a source tensor holds for each weight.
enum class ScoreSource { kWeight, kInputNorm, kWandaScore, kGradient };

// One tensor: a source, or an operator applied to another tensor. Chains of operators that begin
// alike share their tensors.
struct TensorNode {
  ScoreSource source = ScoreSource::kWandaScore;  // used only if parent is -1
  int parent = -1;                                // index of an earlier node
  expr::OperatorId op{};                          // used only if parent is not -1
  unsigned groups = 0;                            // StatisticsGroup bits needed of this tensor
  std::vector<double> outlier_multiples = {};  // M of the outlier percentages taken of this tensor
};

enum class FeatureKind {
  kReduction,
  kOutliers,
  kRedundancy,
  kInfluence,
  kLinearRedundancy,
  kSensitivity,
  kDistortion,
  kSlope
};

// The way in which one requested feature is obtained.
struct FeatureOutput {
  FeatureKind kind = FeatureKind::kReduction;
  int node = -1;                 // tensor that is reduced, or -1
  expr::OperatorId reduction{};  // for kReduction
  double parameter = 0;          // M of kOutliers, or the number of the reduction of kReduction
};

class FeaturePlan {
 public:
  // `features` are text forms as expr::RequiredFeatures returns them. Errors: InvalidArgument,
  // which names a feature that does not parse, or that is neither a reduction nor a measured
  // source.
  static absl::StatusOr<FeaturePlan> Create(const std::vector<std::string>& features);

  // Parents come before their children.
  const std::vector<TensorNode>& nodes() const { return nodes_; }
  // There is one output per feature, in order.
  const std::vector<FeatureOutput>& outputs() const { return outputs_; }

  // Data about a unit that are needed to measure the plan on it. Scaler rows are those of
  // InputNorms. Block statistics are redundancy and influence.
  bool needs_scaler_rows() const;
  bool needs_block_statistics() const;
  bool needs_linear_redundancy() const { return Has(FeatureKind::kLinearRedundancy); }
  bool needs_gradients() const;
  bool needs_sensitivity() const { return Has(FeatureKind::kSensitivity); }
  bool needs_distortion() const { return Has(FeatureKind::kDistortion); }
  bool needs_slopes() const { return Has(FeatureKind::kSlope); }

  // True if a feature depends on the elements of all units together.
  bool needs_all_units() const;

 private:
  absl::Status Add(const std::string& feature);
  absl::StatusOr<FeatureOutput> ReductionOf(const expr::Expression& feature);
  absl::StatusOr<FeatureOutput> SourceFeature(const expr::Expression& feature);
  absl::StatusOr<int> AddTensor(const expr::Expression& tensor);
  int FindOrAdd(const TensorNode& wanted);
  bool Has(FeatureKind kind) const;

  std::vector<TensorNode> nodes_;
  std::vector<FeatureOutput> outputs_;
};

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_FEATURE_PLAN_H_

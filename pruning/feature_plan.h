// Which tensors must be formed, and what must be gathered from each, to measure a list of features
// together.
#ifndef STRATA_PRUNING_FEATURE_PLAN_H_
#define STRATA_PRUNING_FEATURE_PLAN_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "expr/expression.h"

namespace strata::pruning {

// What a source tensor holds, for a weight in row r and column c.
enum class ScoreSource { kWeight, kInputNorm, kWandaScore, kGradient };

// One tensor: a source, or an operator applied to another tensor. Chains that begin alike share
// their tensors.
struct TensorNode {
  ScoreSource source = ScoreSource::kWandaScore;  // meaningful where parent is -1
  int parent = -1;                                // index of an earlier node
  expr::OperatorId op{};                          // meaningful where parent is not -1
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

// How one requested feature is read off.
struct FeatureOutput {
  FeatureKind kind = FeatureKind::kReduction;
  int node = -1;                 // tensor reduced, or -1
  expr::OperatorId reduction{};  // for kReduction
  double parameter = 0;          // M of kOutliers, the reduction's number of kReduction
};

class FeaturePlan {
 public:
  // `features` are text forms as expr::RequiredFeatures gives them. InvalidArgument names a feature
  // that does not parse, or that is not a reduction or a measured source.
  static absl::StatusOr<FeaturePlan> Create(const std::vector<std::string>& features);

  const std::vector<TensorNode>& nodes() const { return nodes_; }  // parents before children
  const std::vector<FeatureOutput>& outputs() const {
    return outputs_;
  }  // one per feature, in order

  // What must be known of a unit to measure the plan on it. Scaler rows are those of InputNorms;
  // block statistics are redundancy and influence.
  bool needs_scaler_rows() const;
  bool needs_block_statistics() const;
  bool needs_linear_redundancy() const { return Has(FeatureKind::kLinearRedundancy); }
  bool needs_gradients() const;
  bool needs_sensitivity() const { return Has(FeatureKind::kSensitivity); }
  bool needs_distortion() const { return Has(FeatureKind::kDistortion); }
  bool needs_slopes() const { return Has(FeatureKind::kSlope); }

  // Whether a feature depends on the elements of all units together.
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

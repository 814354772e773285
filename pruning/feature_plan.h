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
enum class ScoreSource { kWeight, kInputNorm, kWandaScore };

// One tensor: a source, or an operator applied to another tensor. Chains that begin alike share
// their tensors.
struct TensorNode {
  ScoreSource source = ScoreSource::kWandaScore;  // meaningful where parent is -1
  int parent = -1;                                // index of an earlier node
  expr::OperatorId op{};                          // meaningful where parent is not -1
  unsigned groups = 0;                            // StatisticsGroup bits needed of this tensor
  std::vector<double> outlier_multiples;  // M of the outlier percentages taken of this tensor
};

enum class FeatureKind { kReduction, kOutliers, kRedundancy, kInfluence };

// How one requested feature is read off.
struct FeatureOutput {
  FeatureKind kind = FeatureKind::kReduction;
  int node = -1;                 // tensor reduced, or -1
  expr::OperatorId reduction{};  // for kReduction
  double multiple = 0;           // for kOutliers
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

  // Whether a feature depends on hidden states (redundancy or influence), not on scores alone.
  bool needs_block_statistics() const;

 private:
  absl::Status Add(const std::string& feature);
  absl::StatusOr<int> AddTensor(const expr::Expression& tensor);
  int FindOrAdd(const TensorNode& wanted);

  std::vector<TensorNode> nodes_;
  std::vector<FeatureOutput> outputs_;
};

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_FEATURE_PLAN_H_

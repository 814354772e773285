// Measures the features of a plan on the units of a model.
#ifndef STRATA_PRUNING_SCORE_FEATURES_H_
#define STRATA_PRUNING_SCORE_FEATURES_H_

#include <functional>
#include <vector>

#include "pruning/feature_plan.h"
#include "pruning/global_threshold.h"
#include "pruning/unit_tensors.h"

namespace strata::pruning {

// One number per output of the plan and unit, NaN and infinities as they arise. All tensors are
// float32, all sums double. Statistics are gathered by streaming over the weights; sorted elements
// and thresholds form one tensor of one unit at a time, spectra one matrix, each tensor's once.
//
// A plan that needs all units together (a global threshold) takes several passes over the model,
// any other one. In each pass every unit is added once, in any order, with the same contents:
//   for (int pass = 0; pass < features.passes(); ++pass) {
//     for each unit i: features.Add(pass, i, unit);
//     features.EndPass(pass);
//   }
// Uses LibTorch's threads, whose number changes no bits but those of reductions of spectra (see
// SpectrumOf). Not thread-safe.
class ModelFeatures {
 public:
  // `plan` must outlive this.
  ModelFeatures(const FeaturePlan& plan, int units);

  int passes() const { return plan_.needs_all_units() ? GlobalThreshold::kPasses : 1; }

  // `go_on`, if set, is asked before each stage of a long measurement, such as a matrix's spectrum;
  // when it says no, Add returns false at once and this must not be used any more.
  bool Add(int pass, int unit, const FeatureUnit& contents,
           const std::function<bool()>& go_on = {});
  void EndPass(int pass);

  // After the last pass: for every output of the plan one number per unit.
  const std::vector<std::vector<double>>& values() const { return values_; }

 private:
  void ReadOff(int unit, const UnitTensors& tensors, const FeatureUnit& contents);
  void MeasureSorted(int unit, int node, const UnitTensors& tensors);
  bool MeasureMatrices(int unit, int node, const UnitTensors& tensors, const FeatureUnit& contents,
                       const std::function<bool()>& go_on);

  const FeaturePlan& plan_;
  std::vector<std::vector<double>> values_;
  std::vector<std::vector<TensorSummary>> summaries_;  // per unit, kept for later passes
  std::vector<int> threshold_nodes_;
  std::vector<GlobalThreshold> thresholds_;  // of threshold_nodes_
};

// The values of one unit, for a plan that does not need all units together.
std::vector<double> MeasureUnit(const FeaturePlan& plan, const FeatureUnit& unit);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SCORE_FEATURES_H_

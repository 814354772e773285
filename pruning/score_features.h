// Measures the features of a plan on the units of a model.
#ifndef STRATA_PRUNING_SCORE_FEATURES_H_
#define STRATA_PRUNING_SCORE_FEATURES_H_

#include <functional>
#include <vector>

#include "pruning/feature_plan.h"
#include "pruning/global_threshold.h"
#include "pruning/unit_tensors.h"

namespace strata::pruning {

// Measures one number per output of the plan and unit. NaN and infinities are kept as they arise.
// All tensors are float32, and all sums are double. Statistics are gathered by streaming over the
// weights. Sorted elements and thresholds need one tensor of one unit in memory at a time; spectra
// need one matrix, whose spectrum is computed once for each tensor.
//
// A plan that needs all units together (for a global threshold) takes several passes over the
// model; any other plan takes one. In each pass, every unit is added once, in any order, with the
// same contents:
//   for (int pass = 0; pass < features.passes(); ++pass) {
//     for each unit i: features.Add(pass, i, unit);
//     features.EndPass(pass);
//   }
//
// Uses LibTorch's threads. Their number does not change a bit, except in reductions of spectra (see
// SpectrumOf). Not thread-safe.
class ModelFeatures {
 public:
  // `plan` must outlive this object.
  ModelFeatures(const FeaturePlan& plan, int units);

  int passes() const { return plan_.needs_all_units() ? GlobalThreshold::kPasses : 1; }

  // Adds a unit. If `go_on` is set, it is called before each step of a long measurement, such as
  // the spectrum of a matrix. If it returns false, Add returns false at once, and this object must
  // not be used any more.
  bool Add(int pass, int unit, const FeatureUnit& contents,
           const std::function<bool()>& go_on = {});
  void EndPass(int pass);

  // Returns one number per unit for every output of the plan, after the last pass.
  const std::vector<std::vector<double>>& values() const { return values_; }

 private:
  void ReadOff(int unit, const UnitTensors& tensors, const FeatureUnit& contents);
  void MeasureSorted(int unit, int node, const UnitTensors& tensors);
  bool MeasureMatrices(int unit, int node, const UnitTensors& tensors, const FeatureUnit& contents,
                       const std::function<bool()>& go_on);

  const FeaturePlan& plan_;
  std::vector<std::vector<double>> values_;
  std::vector<std::vector<TensorSummary>> summaries_;  // for each unit, kept for later passes
  std::vector<int> threshold_nodes_;
  std::vector<GlobalThreshold> thresholds_;  // one for each of threshold_nodes_
};

// Returns the values of one unit, for a plan that does not need all units together.
std::vector<double> MeasureUnit(const FeaturePlan& plan, const FeatureUnit& unit);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SCORE_FEATURES_H_

// Measures the features of a plan on every unit of a model.
#ifndef STRATA_EVALUATOR_FEATURES_FEATURE_PASS_H_
#define STRATA_EVALUATOR_FEATURES_FEATURE_PASS_H_

#include <absl/status/statusor.h>

#include <vector>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "pruning/feature_plan.h"

namespace strata::evaluator {

// What a plan needs of a calibration. If `any` is false, it needs no calibration at all.
struct PlanNeeds {
  bool any = false;
  CalibrationNeeds calibration;
};
// Returns what `plan` needs of a calibration.
PlanNeeds NeedsOf(const pruning::FeaturePlan& plan);

// Returns one number per unit for every feature of the plan. `statistics` are those of a
// calibration with what NeedsOf returns. `units` are what UnitsOf returns.
//
// Gradients, sensitivities, distortions and slopes are measured on `sequences`, and only if the
// plan needs them. The inputs of all blocks are then held (see RecordBlockInputs). Gradients exist
// for one block at a time. If the plan needs them, blocks are visited from the last to the first,
// and gradients are computed again in each pass of pruning::ModelFeatures.
//
// Errors: those of RecordBlockInputs, GradientPass, MeasureSensitivity, MeasureDistortion and
// MeasureSlopes; Cancelled.
absl::StatusOr<std::vector<std::vector<double>>> MeasureUnits(
    TransformerModel& model, const pruning::FeaturePlan& plan,
    const std::vector<UnitLinears>& units, const CalibrationStatistics& statistics,
    const Windows& sequences, const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FEATURES_FEATURE_PASS_H_

// Measures the features of a plan on every unit of a model.
#ifndef STRATA_EVALUATOR_FEATURE_PASS_H_
#define STRATA_EVALUATOR_FEATURE_PASS_H_

#include <absl/status/statusor.h>

#include <vector>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "pruning/feature_plan.h"

namespace strata::evaluator {

// What `plan` needs of a calibration; nothing at all if `any` is false.
struct PlanNeeds {
  bool any = false;
  CalibrationNeeds calibration;
};
PlanNeeds NeedsOf(const pruning::FeaturePlan& plan);

// For every feature of the plan one number per unit. `statistics` are those of a calibration with
// what NeedsOf says; `units` as UnitsOf gives them. Gradients, sensitivities, distortions and
// slopes are measured on `sequences`, and only where the plan needs them: the inputs of all blocks
// are then held (see RecordBlockInputs). Gradients exist for one block at a time, so blocks are
// then visited from the last to the first, and anew in each pass of pruning::ModelFeatures. Errors
// as RecordBlockInputs, GradientPass, MeasureSensitivity, MeasureDistortion and MeasureSlopes;
// Cancelled.
absl::StatusOr<std::vector<std::vector<double>>> MeasureUnits(
    TransformerModel& model, const pruning::FeaturePlan& plan,
    const std::vector<UnitLinears>& units, const CalibrationStatistics& statistics,
    const Windows& sequences, const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FEATURE_PASS_H_

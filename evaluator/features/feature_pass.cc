#include "evaluator/features/feature_pass.h"

#include <ATen/ATen.h>

#include <optional>

#include "evaluator/calibration/block_inputs.h"
#include "evaluator/evaluator.h"
#include "evaluator/features/distortion_pass.h"
#include "evaluator/features/gradient_pass.h"
#include "evaluator/features/sensitivity_pass.h"
#include "evaluator/features/slope_pass.h"
#include "expr/status_macros.h"
#include "pruning/score_features.h"

namespace strata::evaluator {
namespace {

class FeaturePass {
 public:
  FeaturePass(TransformerModel& model, const pruning::FeaturePlan& plan,
              const std::vector<UnitLinears>& units, const CalibrationStatistics& statistics,
              const Windows& sequences)
      : model_(model),
        plan_(plan),
        units_(units),
        statistics_(statistics),
        sequences_(sequences),
        features_(plan, static_cast<int>(units.size())) {}

  absl::StatusOr<std::vector<std::vector<double>>> Run(const Progress& progress) {
    constexpr double kRecordingShare = 0.05;
    constexpr double kSlopeShare = 0.5;
    double begun = 0;
    if (plan_.needs_slopes()) {
      begun = kSlopeShare;
      STRATA_RETURN_IF_ERROR(MeasureAllSlopes(Part(progress, 0.0, begun)));
    }
    if (plan_.needs_gradients() || plan_.needs_sensitivity() || plan_.needs_distortion()) {
      STRATA_ASSIGN_OR_RETURN(
          std::vector<at::Tensor> inputs,
          RecordBlockInputs(model_, sequences_, Part(progress, begun, begun + kRecordingShare)));
      inputs_ = std::move(inputs);
    }
    const int passes = features_.passes();
    for (int pass = 0; pass < passes; ++pass) {
      const double first = static_cast<double>(pass) / passes;
      const double last = static_cast<double>(pass + 1) / passes;
      if (absl::Status status =
              RunPass(pass, Part(Part(progress, begun + kRecordingShare, 1.0), first, last));
          !status.ok()) {
        return status;
      }
      features_.EndPass(pass);
    }
    return features_.values();
  }

 private:
  absl::Status MeasureAllSlopes(const Progress& progress) {
    const SlopeOptions options{{.method = PruningMethod{Pruner::kWanda}}, kSlopeStep};
    BlockSparsity of_block;
    of_block.fill(kSlopeSparsity);
    STRATA_ASSIGN_OR_RETURN(
        const Measurement measured,
        MeasureSlopes(
            model_, sequences_, options,
            std::vector<BlockSparsity>(static_cast<size_t>(model_.config().blocks), of_block),
            sequences_, units_, progress));
    slopes_ = measured.slopes;
    return absl::OkStatus();
  }

  absl::Status RunPass(int pass, const Progress& progress) {
    const int blocks = model_.config().blocks;
    std::optional<GradientPass> gradient_pass;
    if (plan_.needs_gradients()) {
      STRATA_ASSIGN_OR_RETURN(GradientPass begun, GradientPass::Begin(model_, sequences_, inputs_,
                                                                      Part(progress, 0.0, 0.0)));
      gradient_pass = std::move(begun);
    }
    for (int visit = 0; visit < blocks; ++visit) {
      const int block = gradient_pass.has_value() ? blocks - 1 - visit : visit;
      const double first = static_cast<double>(visit) / blocks;
      const double last = static_cast<double>(visit + 1) / blocks;
      Progress of_block = Part(progress, first, last);
      BlockMatrices gradients;
      if (gradient_pass.has_value()) {
        STRATA_ASSIGN_OR_RETURN(BlockMatrices next, gradient_pass->Next(Part(of_block, 0.0, 0.5)));
        gradients = std::move(next);
        of_block = Part(of_block, 0.5, 1.0);
      }
      STRATA_RETURN_IF_ERROR(MeasureBlock(pass, block, gradients, of_block));
    }
    return absl::OkStatus();
  }

  // Measures all units of a block.
  absl::Status MeasureBlock(int pass, int block, const BlockMatrices& gradients,
                            const Progress& progress) {
    std::vector<int> of_block;
    for (size_t i = 0; i < units_.size(); ++i) {
      if (units_[i].linears.front() / model_.config().linears_per_block() == block) {
        of_block.push_back(static_cast<int>(i));
      }
    }
    for (size_t k = 0; k < of_block.size(); ++k) {
      const auto count = static_cast<double>(of_block.size());
      const double first = static_cast<double>(k) / count;
      const double last = static_cast<double>(k + 1) / count;
      if (absl::Status status =
              MeasureUnit(pass, of_block[k], gradients, Part(progress, first, last));
          !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status MeasureUnit(int pass, int unit, const BlockMatrices& gradients,
                           const Progress& progress) {
    const std::vector<int>& linears = units_[unit].linears;
    pruning::FeatureUnit contents = ContentsOf(linears, gradients);
    if (plan_.needs_slopes()) contents.slope = slopes_[static_cast<size_t>(unit)];
    double done = 0;
    if (plan_.needs_sensitivity() && pass == 0) {
      STRATA_ASSIGN_OR_RETURN(
          const double sensitivity,
          MeasureSensitivity(model_, sequences_, inputs_, linears, Part(progress, 0.0, 0.5)));
      contents.sensitivity = sensitivity;
      done = 0.5;
    }
    if (plan_.needs_distortion() && pass == 0) {
      STRATA_ASSIGN_OR_RETURN(const double distortion,
                              MeasureDistortion(model_, sequences_, inputs_, statistics_, linears,
                                                Part(progress, done, 0.5 + 0.5 * done)));
      contents.distortion = distortion;
      done = 0.5 + 0.5 * done;
    }
    const auto go_on = [&] { return !progress || progress(done); };
    if (go_on() && features_.Add(pass, unit, contents, go_on)) return absl::OkStatus();
    return absl::CancelledError("stopped while measuring features");
  }

  // `gradients` are those of the linears' block, and undefined if the plan does not need them.
  pruning::FeatureUnit ContentsOf(const std::vector<int>& linears,
                                  const BlockMatrices& gradients) const {
    pruning::FeatureUnit unit;
    const int block = linears.front() / model_.config().linears_per_block();
    for (const int index : linears) {
      const int linear = index % model_.config().linears_per_block();
      pruning::ScoredLinear scored;
      scored.weights = ViewOf(model_.matrices(block).Linear(model_.config(), linear));
      if (plan_.needs_scaler_rows()) scored.scaler_row = statistics_.ScalerRow(block, linear);
      if (plan_.needs_gradients()) {
        scored.gradient = ValuesOf(gradients.Linear(model_.config(), linear));
      }
      unit.linears.push_back(scored);
      if (plan_.needs_linear_redundancy()) {
        unit.linear_redundancy +=
            statistics_.linear_redundancy[block][linear] / static_cast<double>(linears.size());
      }
    }
    if (plan_.needs_block_statistics()) {
      unit.redundancy = statistics_.redundancy[block];
      unit.influence = statistics_.influence[block];
    }
    return unit;
  }

  TransformerModel& model_;
  const pruning::FeaturePlan& plan_;
  const std::vector<UnitLinears>& units_;
  const CalibrationStatistics& statistics_;
  const Windows& sequences_;
  pruning::ModelFeatures features_;
  std::vector<at::Tensor> inputs_;  // recorded only if the plan needs them
  std::vector<double> slopes_;      // per unit, measured only if the plan needs them
};

}  // namespace

PlanNeeds NeedsOf(const pruning::FeaturePlan& plan) {
  PlanNeeds needs;
  needs.calibration = {.block_statistics = plan.needs_block_statistics(),
                       .linear_redundancy = plan.needs_linear_redundancy()};
  needs.any = plan.needs_scaler_rows() || needs.calibration.block_statistics ||
              needs.calibration.linear_redundancy;
  return needs;
}

absl::StatusOr<std::vector<std::vector<double>>> MeasureUnits(
    TransformerModel& model, const pruning::FeaturePlan& plan,
    const std::vector<UnitLinears>& units, const CalibrationStatistics& statistics,
    const Windows& sequences, const Progress& progress) {
  return FeaturePass(model, plan, units, statistics, sequences).Run(progress);
}

}  // namespace strata::evaluator

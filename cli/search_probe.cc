#include "cli/search_probe.h"

#include <memory>

#include "cli/config/config_enums.h"
#include "evaluator/clock.h"
#include "evaluator/evaluator.h"
#include "evaluator/measurement/model_evaluator.h"
#include "evaluator/tasks/zero_shot_scorer.h"
#include "evaluator/tasks/zero_shot_tasks.h"
#include "expr/allocation.h"
#include "expr/feature_table.h"
#include "expr/status_macros.h"
#include "search/engine/scenarios.h"

namespace strata::cli {
namespace {

absl::StatusOr<std::unique_ptr<evaluator::Evaluator>> OpenEvaluator(const RunConfig& config) {
  evaluator::ModelEvaluatorOptions options;
  options.model_path = config.model;
  options.text_path = config.text;
  options.threads = static_cast<int>(config.worker_threads);
  options.device = NameOf(config.worker_device);
  options.level_folder = config.fitness_levels;
  if (!config.fitness_tasks.empty()) {
    STRATA_ASSIGN_OR_RETURN(const auto set, tasks::ReadZeroShotTasks(config.fitness_tasks));
    options.open_tasks = [set](const std::string& model_path) {
      return tasks::OpenZeroShotScorer(set, model_path);
    };
  }
  return evaluator::OpenModelEvaluator(options);
}

}  // namespace

absl::StatusOr<double> MeasureOneEvaluation(const SearchSetup& setup,
                                            const expr::AllocationTarget& target) {
  evaluator::EvaluateRequest request;
  request.method = setup.plan.method;
  request.calibration = setup.plan.calibration;
  request.granularity = setup.plan.granularity;
  request.fidelity = setup.plan.search;
  const expr::FeatureTable units(evaluator::LayoutOf(setup.model, request.granularity));
  STRATA_ASSIGN_OR_RETURN(const auto uniform, expr::ParseExpression(search::kUniformFunction));
  STRATA_ASSIGN_OR_RETURN(request.allocation, expr::EvaluateAllocation(uniform, units, target));
  STRATA_ASSIGN_OR_RETURN(const auto evaluator, OpenEvaluator(setup.config));
  // The first evaluation gathers what further ones find in memory.
  if (request.fidelity.protocol == evaluator::Protocol::kOneShot ||
      request.fidelity.measure == evaluator::Measure::kKl) {
    STRATA_RETURN_IF_ERROR(evaluator->Evaluate(request, /*progress=*/nullptr).status());
  }
  const double start = evaluator::SteadySeconds();
  STRATA_RETURN_IF_ERROR(evaluator->Evaluate(request, /*progress=*/nullptr).status());
  return evaluator::SecondsSince(start);
}

}  // namespace strata::cli

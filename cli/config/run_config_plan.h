// Turns a configuration into the options of the components: measurement plan, engine, storage and
// refinement.
#ifndef STRATA_CLI_CONFIG_RUN_CONFIG_PLAN_H_
#define STRATA_CLI_CONFIG_RUN_CONFIG_PLAN_H_

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "cli/shared/measure_text.h"
#include "expr/baselines.h"
#include "expr/unit_layout.h"
#include "search/session.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {

// Returns the plan of a valid configuration; an arithmetic of "auto" counts as float32. Errors:
// those of ValidateRunConfig.
absl::StatusOr<workers::MeasurementPlan> MeasurementPlanOf(const RunConfig& config);

// Returns `racing.rungs`, cheapest first; an arithmetic of "auto" counts as float32. Errors:
// InvalidArgument names the key and the rung.
absl::StatusOr<std::vector<evaluator::Fidelity>> RacingRungsOf(const RunConfig& config);

// Returns what the run's fitness and selection measure.
RunMeasures MeasuresOf(const RunConfig& config);

// True if search.objectives holds the name.
bool HasObjective(const RunConfig& config, const char* name);

// Puts the tasks of this digest into the plan. Finalists answer those of the report half. If
// search.objectives holds their error, all candidates answer those of the fitness half. Rungs
// before the last one, and the selection, have no tasks.
void SetTasks(const RunConfig& config, const std::string& digest, workers::MeasurementPlan* plan);

// Returns the published functions that apply to the run's units, and those of its blocks, as
// `search.baseline_units` says. The target sparsity may differ from the run's. If no n:M of the
// run's group has it, the baseline uniform is called "uniform (mixed n:M)".
std::vector<expr::Baseline> ApplicableBaselines(const RunConfig& config,
                                                const expr::UnitLayout& layout,
                                                double target_sparsity);

// True if `search.baselines` names the function, or names none. "owl blockwise" goes by the name
// owl.
bool IsChosen(const RunConfig& config, const expr::Baseline& baseline);

// Returns the published functions that `search.baselines` names, or all that apply. Errors:
// InvalidArgument names a function that does not apply.
absl::StatusOr<std::vector<expr::Baseline>> BaselinesOf(const RunConfig& config,
                                                        const expr::UnitLayout& layout);

search::RunStoreOptions StorageOptionsOf(const RunConfig& config);

// `further_layouts` are those of the units of subjects 1, 2, ... that `robust` makes
// (robust_config.h), as many as there are. Errors: those of BaselinesOf and RobustOptionsOf.
absl::StatusOr<search::EngineOptions> EngineOptionsOf(
    const RunConfig& config, const expr::UnitLayout& layout,
    const std::vector<expr::UnitLayout>& further_layouts = {});

// Returns the number of evaluations after which the search for functions ends; 0: no limit. With
// `search.strategy: evopress` it ends after the baselines.
int64_t SearchEvaluationsOf(const RunConfig& config);

// Returns the evaluations of the refinement; 0: there is none. With that strategy they are
// `search.maximum_evaluations`.
int64_t RefineEvaluationsOf(const RunConfig& config);

// True if there is a refinement that measures slopes.
bool RefinesAlongSlopes(const RunConfig& config);

// Returns nullopt if there is no refinement. Errors: those of EvoPressOptionsOf.
absl::StatusOr<std::optional<search::RefinementOptions>> RefinementOptionsOf(
    const RunConfig& config);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_RUN_CONFIG_PLAN_H_

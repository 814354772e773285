#include "cli/config/run_config_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/config/evopress_config.h"
#include "cli/config/racing_rungs.h"
#include "cli/config/robust_config.h"
#include "evaluator/names.h"
#include "expr/allocation.h"
#include "expr/nearest_name.h"
#include "expr/status_macros.h"

namespace strata::cli {

namespace {

// Marginal weights of this share of every row tell a refinement the slope of a sparsity: fewer are
// noisier, more are further away. (The source `slope` looks from further away: slope_pass.h.)
constexpr double kRefinementStep = 0.05;

// Returns the fidelity of the fitness; an arithmetic of "auto" counts as float32.
evaluator::Fidelity SearchFidelity(const RunConfig& config) {
  return {.split = evaluator::Split::kFitness,
          .windows = config.fitness_windows,
          .window_tokens = config.fitness_window_tokens,
          .arithmetic = config.fitness_arithmetic.value_or(evaluator::Arithmetic::kFloat32),
          .protocol = config.fitness_protocol,
          .measure = config.fitness_measure};
}

// Returns the name of the function in the library.
std::string_view PlainName(const expr::Baseline& baseline) {
  return std::string_view(baseline.name).substr(0, baseline.name.find(' '));
}

}  // namespace

absl::StatusOr<std::vector<evaluator::Fidelity>> RacingRungsOf(const RunConfig& config) {
  auto rungs = ParseRacingRungs(config.racing_rungs, SearchFidelity(config));
  if (rungs.ok()) return rungs;
  const auto origin = config.origins.find("racing.rungs");
  return absl::InvalidArgumentError(fmt::format(
      "{}: 'racing.rungs': {}", origin == config.origins.end() ? "default" : origin->second,
      std::string(rungs.status().message())));
}

RunMeasures MeasuresOf(const RunConfig& config) {
  return {config.fitness_measure, config.selection_measure};
}

bool HasObjective(const RunConfig& config, const char* name) {
  return std::find(config.objectives.begin(), config.objectives.end(), name) !=
         config.objectives.end();
}

search::RunStoreOptions StorageOptionsOf(const RunConfig& config) {
  search::RunStoreOptions options;
  options.fsync = config.storage_fsync;
  options.allow_network_file_system =
      config.storage_network_file_system == NetworkFileSystem::kAllow;
  return options;
}

void SetTasks(const RunConfig& config, const std::string& digest, workers::MeasurementPlan* plan) {
  if (HasObjective(config, search::kZeroShotError)) {
    plan->search.tasks = digest;
    plan->search.task_items = config.fitness_task_items;
  }
  plan->verify.tasks = digest;
  plan->verify.task_items = config.report_task_items;
}

absl::StatusOr<workers::MeasurementPlan> MeasurementPlanOf(const RunConfig& config) {
  STRATA_RETURN_IF_ERROR(ValidateRunConfig(config));
  workers::MeasurementPlan plan;
  plan.method = {config.pruner, config.group};
  plan.granularity = config.granularity;
  plan.calibration = {config.calibration_sequences, config.calibration_sequence_tokens};
  plan.search = SearchFidelity(config);
  STRATA_ASSIGN_OR_RETURN(auto racing, RacingRungsOf(config));
  plan.racing = std::move(racing);
  plan.verify = {.split = evaluator::Split::kReport,
                 .windows = config.report_windows,
                 .window_tokens = config.report_window_tokens,
                 .arithmetic = config.report_arithmetic,
                 .protocol = evaluator::Protocol::kSequential};
  plan.select = plan.verify;
  plan.select.split = evaluator::Split::kFitness;
  plan.select.windows = config.selection_windows;
  plan.select.measure = config.selection_measure;
  plan.refine = plan.select;
  if (config.refine_method == search::RefinementMethod::kEvoPress) {
    STRATA_ASSIGN_OR_RETURN(const auto evopress, EvoPressOptionsOf(config));
    for (const search::EvoPressRung& rung : evopress.rungs) {
      plan.refine_rungs.push_back(plan.refine);
      plan.refine_rungs.back().windows = rung.windows;
    }
  }
  plan.slope = plan.refine;
  plan.slope.arithmetic = plan.search.arithmetic;
  plan.slope.measure = evaluator::Measure::kLoss;  // the only one that has slopes
  plan.slope.windows = config.refine_slope_windows;
  plan.slope.slope_step =
      config.group > 0 ? 1 / static_cast<double>(config.group) : kRefinementStep;
  return plan;
}

std::vector<expr::Baseline> ApplicableBaselines(const RunConfig& config,
                                                const expr::UnitLayout& layout,
                                                double target_sparsity) {
  const expr::BaselineSelection selection{config.gradients, config.gradient_free, config.spectra};
  const bool is_block = config.granularity == evaluator::Granularity::kBlock;
  std::vector<expr::Baseline> baselines;
  if (is_block || config.baseline_units != BaselineUnits::kBlock) {
    baselines = expr::Baselines(layout, target_sparsity, selection);
  }
  if (!is_block && config.baseline_units != BaselineUnits::kRun) {
    for (expr::Baseline& baseline : expr::BlockwiseBaselines(layout, target_sparsity, selection)) {
      baselines.push_back(std::move(baseline));
    }
  }
  // Without a uniform n:M at the target, uniform() is a mixture and must not pass for uniform.
  const expr::AllocationTarget target{.sparsity = target_sparsity,
                                      .group = static_cast<int>(config.group)};
  if (expr::WhyUniformIsMixed(target).empty()) return baselines;
  for (expr::Baseline& baseline : baselines) {
    if (PlainName(baseline) != "uniform") continue;
    for (expr::BaselineSetting& setting : baseline.published) {
      setting.settings = fmt::format("(mixed n:{})", config.group);
    }
  }
  return baselines;
}

bool IsChosen(const RunConfig& config, const expr::Baseline& baseline) {
  const auto& names = config.baselines;
  return names.empty() || std::find(names.begin(), names.end(), PlainName(baseline)) != names.end();
}

absl::StatusOr<std::vector<expr::Baseline>> BaselinesOf(const RunConfig& config,
                                                        const expr::UnitLayout& layout) {
  std::vector<expr::Baseline> baselines =
      ApplicableBaselines(config, layout, config.target_sparsity);
  std::vector<std::string_view> known;
  for (const expr::Baseline& baseline : baselines) {
    const std::string_view name = PlainName(baseline);
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
  for (const std::string& name : config.baselines) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return BadOption(
        config, "search.baselines",
        fmt::format("names of published functions that apply to this run ({})",
                    fmt::join(known, ", ")),
        fmt::format("'{}', the nearest is '{}'", name, expr::NearestName(name, known)));
  }
  std::erase_if(baselines,
                [&](const expr::Baseline& baseline) { return !IsChosen(config, baseline); });
  const auto place = [&](const expr::Baseline& baseline) {
    return std::find(config.baselines.begin(), config.baselines.end(), PlainName(baseline));
  };
  std::stable_sort(
      baselines.begin(), baselines.end(),
      [&](const expr::Baseline& a, const expr::Baseline& b) { return place(a) < place(b); });
  return baselines;
}

absl::StatusOr<search::EngineOptions> EngineOptionsOf(
    const RunConfig& config, const expr::UnitLayout& layout,
    const std::vector<expr::UnitLayout>& further_layouts) {
  STRATA_ASSIGN_OR_RETURN(auto baselines, BaselinesOf(config, layout));
  search::EngineOptions options;
  options.seed = static_cast<uint64_t>(config.seed);
  options.target = {.sparsity = config.target_sparsity,
                    .minimum = config.minimum_sparsity,
                    .maximum = config.maximum_sparsity,
                    .group = static_cast<int>(config.group)};
  STRATA_ASSIGN_OR_RETURN(auto robust, RobustOptionsOf(config, further_layouts));
  options.robust = std::move(robust);
  options.baselines = std::move(baselines);
  options.random_candidates = static_cast<int>(config.random_candidates);
  options.strategy.kind = config.strategy;
  options.strategy.population = static_cast<int>(config.population);
  options.strategy.surrogate = config.surrogate;
  options.strategy.descent_interval = static_cast<int>(config.descent_interval);
  options.objectives = config.objectives;
  options.epsilon = config.epsilon;
  options.baseline_settings = config.baseline_settings;
  options.ladder.rungs = static_cast<int>(config.racing_rungs.size()) + 1;
  options.ladder.rivals = static_cast<int>(config.racing_rivals);
  options.stagnation_evaluations = config.stagnation;
  options.lag = static_cast<int>(config.lag);
  options.maximum_evaluations = SearchEvaluationsOf(config);
  options.finalists = static_cast<int>(config.finalists);
  options.strategy.variation = config.variation;
  for (const expr::Baseline& baseline : options.baselines) {
    for (const auto* settings : {&baseline.published, &baseline.widened}) {
      if (settings->empty()) continue;
      options.strategy.variation.library.push_back(settings->front().expression);
      break;
    }
  }
  return options;
}

int64_t SearchEvaluationsOf(const RunConfig& config) {
  return search::Breeds(config.strategy) ? config.maximum_evaluations : 0;
}

int64_t RefineEvaluationsOf(const RunConfig& config) {
  return search::Breeds(config.strategy) ? config.refine_evaluations : config.maximum_evaluations;
}

bool RefinesAlongSlopes(const RunConfig& config) {
  return RefineEvaluationsOf(config) > 0 &&
         config.refine_method == search::RefinementMethod::kDescent && config.refine_slopes;
}

absl::StatusOr<std::optional<search::RefinementOptions>> RefinementOptionsOf(
    const RunConfig& config) {
  if (RefineEvaluationsOf(config) == 0) return std::nullopt;
  search::RefinementOptions options;
  options.start = config.refine_start;
  options.method = config.refine_method;
  STRATA_ASSIGN_OR_RETURN(options.evopress, EvoPressOptionsOf(config));
  options.evaluations = RefineEvaluationsOf(config);
  options.slopes = RefinesAlongSlopes(config);
  options.lag = static_cast<int>(config.lag);
  return std::optional(options);
}

}  // namespace strata::cli

// From a configuration to the options of the components.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/config/racing_levels.h"
#include "cli/config/robust_config.h"
#include "cli/config/run_config.h"
#include "expr/nearest_name.h"

namespace strata::cli {

namespace {

// Marginal weights of this share of every row tell a refinement the slope of a sparsity: fewer are
// noisier, more are further away. (The source `slope` looks from further away: slope_pass.h.)
constexpr double kRefinementStep = 0.05;

// The fidelity of the fitness; an arithmetic of "auto" counts as float32.
absl::StatusOr<evaluator::Fidelity> SearchFidelity(const RunConfig& config) {
  evaluator::Fidelity fidelity{.split = evaluator::Split::kFitness,
                               .windows = config.fitness_windows,
                               .window_tokens = config.fitness_window_tokens};
  absl::Status status = workers::ParseName(config.fitness_protocol, &fidelity.protocol);
  if (config.fitness_arithmetic != "auto") {
    status.Update(workers::ParseName(config.fitness_arithmetic, &fidelity.arithmetic));
  }
  if (!status.ok()) return status;
  return fidelity;
}

// Its name in the library.
std::string_view PlainName(const expr::Baseline& baseline) {
  return std::string_view(baseline.name).substr(0, baseline.name.find(' '));
}

}  // namespace

absl::StatusOr<std::vector<evaluator::Fidelity>> RacingLevelsOf(const RunConfig& config) {
  const auto last = SearchFidelity(config);
  if (!last.ok()) return last.status();
  auto levels = ParseRacingLevels(config.racing_levels, *last);
  if (levels.ok()) return levels;
  const auto origin = config.origins.find("racing.levels");
  return absl::InvalidArgumentError(fmt::format(
      "{}: 'racing.levels': {}", origin == config.origins.end() ? "default" : origin->second,
      std::string(levels.status().message())));
}

bool HasObjective(const RunConfig& config, const char* name) {
  return std::find(config.objectives.begin(), config.objectives.end(), name) !=
         config.objectives.end();
}

absl::StatusOr<search::RunStoreOptions> StorageOptionsOf(const RunConfig& config) {
  search::RunStoreOptions options;
  if (config.storage_fsync != "commit" && config.storage_fsync != "checkpoint") {
    return BadOption(config, "storage.fsync", "commit or checkpoint", config.storage_fsync);
  }
  if (config.storage_fsync == "checkpoint") options.fsync = search::Fsync::kCheckpoint;
  if (config.storage_network_file_system != "refuse" &&
      config.storage_network_file_system != "allow") {
    return BadOption(config, "storage.network_file_system", "refuse or allow",
                     config.storage_network_file_system);
  }
  options.allow_network_file_system = config.storage_network_file_system == "allow";
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
  if (absl::Status status = ValidateRunConfig(config); !status.ok()) return status;
  workers::MeasurementPlan plan;
  plan.method.group = config.group;
  plan.calibration = {config.calibration_sequences, config.calibration_sequence_tokens};
  const auto search = SearchFidelity(config);
  if (!search.ok()) return search.status();
  plan.search = *search;
  auto racing = RacingLevelsOf(config);
  if (!racing.ok()) return racing.status();
  plan.racing = *std::move(racing);
  plan.verify = {.split = evaluator::Split::kReport,
                 .windows = config.report_windows,
                 .window_tokens = config.report_window_tokens,
                 .protocol = evaluator::Protocol::kSequential};
  for (const absl::Status& status :
       {workers::ParseName(config.pruner, &plan.method.pruner),
        workers::ParseName(config.granularity, &plan.granularity),
        workers::ParseName(config.report_arithmetic, &plan.verify.arithmetic)}) {
    if (!status.ok()) return status;
  }
  plan.select = plan.verify;
  plan.select.split = evaluator::Split::kFitness;
  plan.select.windows = config.selection_windows;
  plan.refine = plan.select;
  plan.slope = plan.refine;
  plan.slope.arithmetic = plan.search.arithmetic;
  plan.slope.windows = config.refine_slope_windows;
  plan.slope.slope_step =
      config.group > 0 ? 1 / static_cast<double>(config.group) : kRefinementStep;
  return plan;
}

std::vector<expr::Baseline> ApplicableBaselines(const RunConfig& config,
                                                const expr::UnitLayout& layout,
                                                double target_sparsity) {
  const expr::BaselineSelection selection{config.gradients, config.gradient_free, config.spectra};
  const bool is_block = config.granularity == "block";
  std::vector<expr::Baseline> baselines;
  if (is_block || config.baseline_units != "block") {
    baselines = expr::Baselines(layout, target_sparsity, selection);
  }
  if (!is_block && config.baseline_units != "run") {
    for (expr::Baseline& baseline : expr::BlockwiseBaselines(layout, target_sparsity, selection)) {
      baselines.push_back(std::move(baseline));
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
  auto baselines = BaselinesOf(config, layout);
  if (!baselines.ok()) return baselines.status();
  search::EngineOptions options;
  options.seed = static_cast<uint64_t>(config.seed);
  options.target = {.sparsity = config.target_sparsity,
                    .minimum = config.minimum_sparsity,
                    .maximum = config.maximum_sparsity,
                    .group = static_cast<int>(config.group)};
  auto robust = RobustOptionsOf(config, further_layouts);
  if (!robust.ok()) return robust.status();
  options.robust = *std::move(robust);
  options.baselines = *std::move(baselines);
  options.random_candidates = static_cast<int>(config.random_candidates);
  options.strategy.kind = *search::FindStrategyKind(config.strategy);
  options.strategy.population = static_cast<int>(config.population);
  options.strategy.surrogate = config.surrogate;
  options.strategy.islands = static_cast<int>(config.islands);
  options.strategy.restart_after = static_cast<int>(config.restart_after);
  options.strategy.adaptive_operators = config.adaptive_operators;
  options.objectives = config.objectives;
  options.epsilon = config.epsilon;
  options.ladder.levels = static_cast<int>(config.racing_levels.size()) + 1;
  options.ladder.rivals = static_cast<int>(config.racing_rivals);
  options.stagnation_evaluations = config.stagnation;
  options.lag = static_cast<int>(config.lag);
  options.maximum_evaluations = config.maximum_evaluations;
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

std::optional<search::RefinementOptions> RefinementOptionsOf(const RunConfig& config) {
  if (config.refine_evaluations == 0) return std::nullopt;
  search::RefinementOptions options;
  options.evaluations = config.refine_evaluations;
  options.slopes = config.refine_slopes;
  options.lag = static_cast<int>(config.lag);
  return options;
}

}  // namespace strata::cli

#include "search/engine/engine_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "expr/operator_table.h"
#include "expr/status_macros.h"
#include "search/engine/baseline_rounds.h"
#include "search/engine/scenarios.h"
#include "search/pareto/hypervolume.h"

namespace strata::search {
namespace {

absl::Status AtLeast(std::string_view option, int64_t minimum, int64_t found) {
  if (found >= minimum) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{} must be at least {}, found {}", option, minimum, found));
}

absl::Status Within(std::string_view option, int64_t minimum, int64_t maximum, int64_t found) {
  if (found >= minimum && found <= maximum) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{} must be from {} to {}, found {}", option, minimum, maximum, found));
}

absl::Status ValidateVariation(const expr::VariationOptions& variation) {
  const absl::Status valid = expr::ValidateOptions(variation);
  if (!valid.ok()) {
    return absl::InvalidArgumentError(fmt::format("variation: {}", std::string(valid.message())));
  }
  if (variation.sources.empty()) {
    return absl::InvalidArgumentError(
        "variation.sources must name at least one source, found none");
  }
  // The smallest allocation is a post-process over a source, possibly reduced: span(mean(WX)).
  absl::Status status = AtLeast("variation.maximum_nodes", 3, variation.maximum_nodes);
  status.Update(AtLeast("variation.maximum_depth", 3, variation.maximum_depth));
  return status;
}

absl::Status ValidateObjectives(const EngineOptions& options) {
  const std::vector<std::string> names =
      ScenarioObjectives(options.objectives, options.robust.aggregate,
                         static_cast<int>(options.robust.further.size()) + 1);
  for (const std::string& name : options.objectives) {
    if (ScenarioOfLossName(name) < 0) continue;
    return absl::InvalidArgumentError(fmt::format(
        "objectives: '{}' cannot be asked for by name; aggregate by pareto to have the loss of "
        "every scenario",
        name));
  }
  const std::set<std::string> distinct(names.begin(), names.end());
  if (names.empty() || options.objectives.front() != kLoss || names.size() > kMaximumObjectives ||
      distinct.size() != names.size() || distinct.contains("")) {
    return absl::InvalidArgumentError(
        fmt::format("objectives must be 1 to {} different names, '{}' first, found [{}]",
                    kMaximumObjectives, kLoss, fmt::join(names, ", ")));
  }
  if (!(options.epsilon >= 0 && std::isfinite(options.epsilon))) {
    return absl::InvalidArgumentError(
        fmt::format("epsilon must be finite and not negative, found {}", options.epsilon));
  }
  return absl::OkStatus();
}

// Every scenario must have a layout and a feasible target, and uniform sparsities must reach it.
absl::Status ValidateScenarios(const EngineOptions& options, const expr::UnitLayout& layout) {
  const RobustOptions& robust = options.robust;
  if (robust.further.empty()) return absl::OkStatus();
  std::vector<expr::UnitLayout> layouts = {layout};
  layouts.insert(layouts.end(), robust.further_layouts.begin(), robust.further_layouts.end());
  std::vector<Scenario> scenarios = {{0, options.target}};
  scenarios.insert(scenarios.end(), robust.further.begin(), robust.further.end());
  std::vector<bool> used(layouts.size());
  for (size_t i = 0; i < scenarios.size(); ++i) {
    const auto subject = static_cast<size_t>(scenarios[i].subject);
    if (scenarios[i].subject < 0 || subject >= layouts.size() || layouts[subject].empty()) {
      return absl::InvalidArgumentError(
          fmt::format("scenario {}: expected a subject from 0 to {} with one or more units, found "
                      "{}",
                      i, layouts.size() - 1, scenarios[i].subject));
    }
    used[subject] = true;
    absl::Status status = expr::ValidateLayout(layouts[subject]);
    status.Update(expr::ValidateTarget(scenarios[i].target));
    if (status.ok()) {
      status = expr::EvaluateAllocation(*expr::ParseExpression(kUniformFunction),
                                        expr::FeatureTable(layouts[subject]), scenarios[i].target)
                   .status();
    }
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("scenario {}: {}", i, std::string(status.message())));
    }
  }
  const auto unused = std::find(used.begin(), used.end(), false);
  if (unused == used.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("subject {}: expected a scenario with it, found none", unused - used.begin()));
}

absl::Status ValidateStrategy(const StrategyOptions& strategy) {
  absl::Status status = Within("population", 1, 1000, strategy.population);
  const SurrogateOptions& surrogate = strategy.surrogate;
  status.Update(Within("surrogate.proposals", 1, 100000, surrogate.proposals));
  status.Update(Within("descent_interval", 0, 1000000, strategy.descent_interval));
  status.Update(Within("surrogate.generations", 1, 1000, surrogate.generations));
  status.Update(Within("surrogate.amplitude_steps", 0, 100000, surrogate.amplitude_steps));
  status.Update(Within("surrogate.feature_pool", 0, 10000, surrogate.feature_pool));
  status.Update(Within("surrogate.minimum_points", 2, 1000000, surrogate.minimum_points));
  status.Update(Within("surrogate.maximum_points", 4, 2000, surrogate.maximum_points));
  if (!(surrogate.loss_share >= 0 && surrogate.loss_share <= 1)) {
    status.Update(absl::InvalidArgumentError(
        fmt::format("surrogate.loss_share must be from 0 to 1, found {}", surrogate.loss_share)));
  }
  if (!(surrogate.unfiltered_share >= 0 && surrogate.unfiltered_share <= 1)) {
    status.Update(absl::InvalidArgumentError(fmt::format(
        "surrogate.unfiltered_share must be from 0 to 1, found {}", surrogate.unfiltered_share)));
  }
  if (!(surrogate.trust_radius >= 0 && surrogate.trust_radius <= 1)) {
    status.Update(absl::InvalidArgumentError(fmt::format(
        "surrogate.trust_radius must be from 0 to 1, found {}", surrogate.trust_radius)));
  }
  if (!(surrogate.optimism >= 0 && std::isfinite(surrogate.optimism))) {
    status.Update(absl::InvalidArgumentError(fmt::format(
        "surrogate.optimism must be finite and not negative, found {}", surrogate.optimism)));
  }
  status.Update(ValidateVariation(strategy.variation));
  return status;
}

absl::Status ValidateAllocationFunction(const std::string& what,
                                        const expr::Expression& expression) {
  const absl::Status valid = expr::Validate(expression);
  if (!valid.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", what, std::string(valid.message())));
  }
  if (expr::TypeOf(expression) == expr::ValueType::kAllocation) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: expected an expression of type Allocation, found {}", what,
                  expr::PrintExpression(expression)));
}

absl::Status ValidateBaselines(const std::vector<expr::Baseline>& baselines) {
  for (const expr::Baseline& baseline : baselines) {
    if (baseline.published.empty() && baseline.widened.empty()) {
      return absl::InvalidArgumentError(
          fmt::format("baseline {}: expected at least one setting, found none", baseline.name));
    }
    for (const auto* settings : {&baseline.published, &baseline.widened}) {
      for (const expr::BaselineSetting& setting : *settings) {
        STRATA_RETURN_IF_ERROR(ValidateAllocationFunction(
            fmt::format("baseline {} {}", baseline.name, setting.settings), setting.expression));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateOptions(const EngineOptions& options, const expr::UnitLayout& layout) {
  if (layout.empty()) {
    return absl::InvalidArgumentError("expected the layout of one or more units, found none");
  }
  absl::Status status = expr::ValidateLayout(layout);
  status.Update(expr::ValidateTarget(options.target));
  status.Update(Within("random_candidates", 0, 10000, options.random_candidates));
  status.Update(Within("lag", 1, 10000, options.lag));
  status.Update(AtLeast("maximum_evaluations", 0, options.maximum_evaluations));
  status.Update(AtLeast("stagnation_evaluations", 0, options.stagnation_evaluations));
  status.Update(AtLeast("finalists", 1, options.finalists));
  status.Update(Within("ladder.rungs", 1, 8, options.ladder.rungs));
  status.Update(Within("ladder.rivals", 1, 1000, options.ladder.rivals));
  status.Update(ValidateObjectives(options));
  if (status.ok()) status = ValidateScenarios(options, layout);
  status.Update(ValidateStrategy(options.strategy));
  if (!Breeds(options.strategy.kind) && options.random_candidates > 0) {
    status.Update(absl::InvalidArgumentError(
        fmt::format("random_candidates must be 0 with the strategy {}, which breeds nothing, found "
                    "{}",
                    NameOf(options.strategy.kind), options.random_candidates)));
  }
  status.Update(ValidateBaselines(options.baselines));
  for (const WarmStart& start : options.warm_start) {
    status.Update(ValidateAllocationFunction("warm start " + start.name, start.expression));
  }
  return status;
}

namespace {

std::string UnitLine(std::string_view key, const expr::Unit& unit) {
  return fmt::format("{}={} {} {} {}{}{}\n", key, unit.block, expr::UnitKindName(unit.kind),
                     unit.parameters, unit.fan, unit.role == expr::LinearRole::kNone ? "" : " ",
                     unit.role == expr::LinearRole::kNone ? "" : expr::LinearRoleName(unit.role));
}

// fmt writes the shortest decimal number that reads back to the same double.
std::string SearchText(const EngineOptions& options) {
  const expr::AllocationTarget& target = options.target;
  return fmt::format(
      "operator_table={:016x}\nseed={}\ntarget.sparsity={}\ntarget.minimum={}\n"
      "target.maximum={}\ntarget.group={}\nrandom_candidates={}\npopulation={}\nlag={}\n"
      "objectives={}\nepsilon={}\nladder.rungs={}\nladder.rivals={}\nstrategy={}\n"
      "baseline_settings={}\ndescent_interval={}\n",
      expr::OperatorTableHash(), options.seed, target.sparsity, target.minimum, target.maximum,
      target.group, options.random_candidates, options.strategy.population, options.lag,
      fmt::join(options.objectives, " "), options.epsilon, options.ladder.rungs,
      options.ladder.rivals, NameOf(options.strategy.kind), NameOf(options.baseline_settings),
      options.strategy.descent_interval);
}

std::string SurrogateText(const SurrogateOptions& surrogate) {
  return fmt::format(
      "surrogate={}\nsurrogate.proposals={}\nsurrogate.generations={}\n"
      "surrogate.amplitude_steps={}\n"
      "surrogate.unfiltered_share={}\nsurrogate.optimism={}\nsurrogate.trust_radius={}\n"
      "surrogate.minimum_points={}\nsurrogate.maximum_points={}\nsurrogate.feature_pool={}\n"
      "surrogate.loss_share={}\n",
      surrogate.enabled, surrogate.proposals, surrogate.generations, surrogate.amplitude_steps,
      surrogate.unfiltered_share, surrogate.optimism, surrogate.trust_radius,
      surrogate.minimum_points, surrogate.maximum_points, surrogate.feature_pool,
      surrogate.loss_share);
}

std::string VariationText(const expr::VariationOptions& variation) {
  std::string text = fmt::format(
      "maximum_nodes={}\nmaximum_depth={}\ncrossover_probability={}\nperturb_parameter_weight={}\n"
      "replace_operator_weight={}\nswap_source_weight={}\nreplace_subtree_weight={}\n"
      "insert_weight={}\ndelete_weight={}\nhoist_weight={}\ncombine_weight={}\nadjust_weight={}\n"
      "graft_weight={}\nsources={}\nexcluded={}\n",
      variation.maximum_nodes, variation.maximum_depth, variation.crossover_probability,
      variation.perturb_parameter_weight, variation.replace_operator_weight,
      variation.swap_source_weight, variation.replace_subtree_weight, variation.insert_weight,
      variation.delete_weight, variation.hoist_weight, variation.combine_weight,
      variation.adjust_weight, variation.graft_weight, fmt::join(variation.sources, " "),
      fmt::join(variation.excluded, " "));
  for (const expr::Expression& function : variation.library) {
    text += fmt::format("graft={}\n", expr::PrintExpression(function));
  }
  return text;
}

std::string RobustText(const RobustOptions& robust) {
  std::string text;
  if (!robust.further.empty()) text += fmt::format("aggregate={}\n", NameOf(robust.aggregate));
  for (const Scenario& scenario : robust.further) {
    const expr::AllocationTarget& target = scenario.target;
    text += fmt::format("scenario={} {} {} {} {}\n", scenario.subject, target.sparsity,
                        target.minimum, target.maximum, target.group);
  }
  for (const expr::UnitLayout& further : robust.further_layouts) {
    for (const expr::Unit& unit : further) text += UnitLine("further_unit", unit);
    text += "further_units_end\n";
  }
  return text;
}

}  // namespace

std::string IdentityText(const EngineOptions& options, const expr::UnitLayout& layout) {
  std::string text = SearchText(options);
  if (options.simplifies) text += kSimplifiesLine;
  text += SurrogateText(options.strategy.surrogate);
  for (const expr::Unit& unit : layout) text += UnitLine("unit", unit);
  text += VariationText(options.strategy.variation);
  text += RobustText(options.robust);
  for (const Seed& seed : BaselineSeeds(options)) {
    text += fmt::format("baseline {}={}\n", seed.name, expr::PrintExpression(seed.expression));
  }
  for (const WarmStart& start : options.warm_start) {
    text += fmt::format("warm_start {}={}\n", start.name, expr::PrintExpression(start.expression));
  }
  return text;
}

}  // namespace strata::search

#include "search/engine_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "expr/operator_table.h"

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

absl::Status ValidateBaselines(const std::vector<expr::Baseline>& baselines) {
  for (const expr::Baseline& baseline : baselines) {
    if (baseline.published.empty() && baseline.widened.empty()) {
      return absl::InvalidArgumentError(
          fmt::format("baseline {}: expected at least one setting, found none", baseline.name));
    }
    for (const auto* settings : {&baseline.published, &baseline.widened}) {
      for (const expr::BaselineSetting& setting : *settings) {
        const absl::Status valid = expr::Validate(setting.expression);
        if (!valid.ok()) {
          return absl::InvalidArgumentError(fmt::format(
              "baseline {} {}: {}", baseline.name, setting.settings, std::string(valid.message())));
        }
        if (expr::TypeOf(setting.expression) != expr::ValueType::kAllocation) {
          return absl::InvalidArgumentError(fmt::format(
              "baseline {} {}: expected an expression of type Allocation, found {}", baseline.name,
              setting.settings, expr::PrintExpression(setting.expression)));
        }
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
  status.Update(Within("population", 1, 1000000, options.population));
  status.Update(Within("lag", 1, 10000, options.lag));
  status.Update(AtLeast("maximum_evaluations", 0, options.maximum_evaluations));
  status.Update(AtLeast("finalists", 1, options.finalists));
  status.Update(ValidateVariation(options.variation));
  status.Update(ValidateBaselines(options.baselines));
  return status;
}

std::vector<Seed> BaselineSeeds(const std::vector<expr::Baseline>& baselines) {
  std::vector<Seed> defaults, others;
  for (size_t b = 0; b < baselines.size(); ++b) {
    const expr::Baseline& baseline = baselines[b];
    const auto seed = [&](const expr::BaselineSetting& setting) {
      const std::string separator = setting.settings.empty() ? "" : " ";
      return Seed{static_cast<int>(b), baseline.name + separator + setting.settings,
                  setting.expression};
    };
    std::vector<expr::BaselineSetting> settings = baseline.published;
    settings.insert(settings.end(), baseline.widened.begin(), baseline.widened.end());
    for (size_t i = 0; i < settings.size(); ++i) {
      (i == 0 ? defaults : others).push_back(seed(settings[i]));
    }
  }
  defaults.insert(defaults.end(), others.begin(), others.end());
  return defaults;
}

std::string IdentityText(const EngineOptions& options, const expr::UnitLayout& layout) {
  const expr::VariationOptions& variation = options.variation;
  // fmt writes the shortest decimal number that reads back to the same double.
  std::string text = fmt::format(
      "operator_table={:016x}\nseed={}\ntarget.sparsity={}\ntarget.minimum={}\ntarget.maximum={}"
      "\ntarget.group={}\n"
      "random_candidates={}\npopulation={}\nlag={}\n",
      expr::OperatorTableHash(), options.seed, options.target.sparsity, options.target.minimum,
      options.target.maximum, options.target.group, options.random_candidates, options.population,
      options.lag);
  for (const expr::Unit& unit : layout) {
    text += fmt::format("unit={} {} {} {}\n", unit.block, expr::UnitKindName(unit.kind),
                        unit.parameters, unit.fan);
  }
  text += fmt::format(
      "maximum_nodes={}\nmaximum_depth={}\ncrossover_probability={}\nperturb_parameter_weight={}\n"
      "replace_operator_weight={}\nswap_source_weight={}\nreplace_subtree_weight={}\n"
      "insert_weight={}\ndelete_weight={}\nhoist_weight={}\ncombine_weight={}\ngraft_weight={}\n"
      "sources={}\nexcluded={}\n",
      variation.maximum_nodes, variation.maximum_depth, variation.crossover_probability,
      variation.perturb_parameter_weight, variation.replace_operator_weight,
      variation.swap_source_weight, variation.replace_subtree_weight, variation.insert_weight,
      variation.delete_weight, variation.hoist_weight, variation.combine_weight,
      variation.graft_weight, fmt::join(variation.sources, " "),
      fmt::join(variation.excluded, " "));
  for (const expr::Expression& function : variation.library) {
    text += fmt::format("graft={}\n", expr::PrintExpression(function));
  }
  for (const Seed& seed : BaselineSeeds(options.baselines)) {
    text += fmt::format("baseline {}={}\n", seed.name, expr::PrintExpression(seed.expression));
  }
  return text;
}

}  // namespace strata::search

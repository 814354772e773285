#include "cli/config/evopress_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "expr/status_macros.h"

namespace strata::cli {
namespace {

// Share of the windows of a full measurement, and survivors: the 2,048, 16,384 and 65,536 tokens
// and the 8, 2 and 1 survivors of EvoPress' run_prune_search.sh.
struct PublishedRung {
  int64_t divisor;
  int survivors;
};
constexpr PublishedRung kPublishedRungs[] = {{32, 8}, {4, 2}};

std::vector<search::EvoPressRung> PublishedRungs(int64_t full, int offspring) {
  std::vector<search::EvoPressRung> rungs;
  for (const PublishedRung& published : kPublishedRungs) {
    const int64_t windows = std::max<int64_t>(1, full / published.divisor);
    if (windows >= full) continue;
    if (!rungs.empty() && rungs.back().windows == windows) rungs.pop_back();
    rungs.push_back({windows, std::min(published.survivors, offspring)});
  }
  return rungs;
}

// Reads 'WINDOWS SURVIVORS'. `earlier` is the rung before.
absl::StatusOr<search::EvoPressRung> ParseRung(const RunConfig& config, const std::string& text,
                                               const search::EvoPressRung& earlier) {
  std::istringstream words(text);
  search::EvoPressRung rung;
  std::string more;
  const bool is_read = static_cast<bool>(words >> rung.windows >> rung.survivors);
  if (is_read && !(words >> more) && rung.windows > earlier.windows &&
      rung.windows < config.selection_windows && rung.survivors >= 1 &&
      rung.survivors <= earlier.survivors) {
    return rung;
  }
  return BadOption(
      config, "refine.evopress_rungs",
      fmt::format("'WINDOWS SURVIVORS' for each rung, here more than {} windows and less than {} "
                  "(selection.windows), and from 1 to {} survivors",
                  earlier.windows, config.selection_windows, earlier.survivors),
      fmt::format("'{}'", text));
}

}  // namespace

void UseEvoPressDefaults(RunConfig* config) {
  if (config->strategy != search::StrategyKind::kEvoPress) return;
  const auto set_default = [&](const char* key, auto* value, auto to) {
    if (config->origins.emplace(key, "search.strategy evopress").second) *value = to;
  };
  set_default("refine.method", &config->refine_method, search::RefinementMethod::kEvoPress);
  set_default("refine.start", &config->refine_start, search::RefinementStart::kUniform);
  set_default("search.random_candidates", &config->random_candidates, 0);
}

absl::StatusOr<search::EvoPressOptions> EvoPressOptionsOf(const RunConfig& config) {
  search::EvoPressOptions options;
  options.offspring = static_cast<int>(config.evopress_offspring);
  options.levels = static_cast<int>(config.evopress_levels);
  options.level_step = config.evopress_level_step;
  options.windows = config.selection_windows;
  if (config.evopress_rungs.empty()) {
    options.rungs = PublishedRungs(options.windows, options.offspring);
    return options;
  }
  search::EvoPressRung earlier{0, options.offspring};
  for (const std::string& text : config.evopress_rungs) {
    STRATA_ASSIGN_OR_RETURN(earlier, ParseRung(config, text, earlier));
    options.rungs.push_back(earlier);
  }
  return options;
}

absl::Status CheckEvoPress(const RunConfig& config) {
  STRATA_RETURN_IF_ERROR(EvoPressOptionsOf(config).status());
  if (config.refine_method == search::RefinementMethod::kEvoPress && config.group > 0 &&
      config.evopress_level_step > 0) {
    return BadOption(config, "refine.evopress_level_step",
                     "0 with a group, of which a level is one step",
                     fmt::format("{}", config.evopress_level_step));
  }
  if (config.strategy != search::StrategyKind::kEvoPress) return absl::OkStatus();
  if (config.refine_method != search::RefinementMethod::kEvoPress) {
    return BadOption(config, "refine.method",
                     "evopress with search.strategy evopress, which breeds no functions: its whole "
                     "search is the refinement",
                     std::string(NameOf(config.refine_method)));
  }
  if (config.maximum_evaluations == 0) {
    return BadOption(config, "search.maximum_evaluations",
                     "above 0 with search.strategy evopress, whose search has no other end", "0");
  }
  if (config.refine_evaluations > 0) {
    return BadOption(config, "refine.evaluations",
                     "0 with search.strategy evopress, whose evaluations are "
                     "search.maximum_evaluations",
                     fmt::format("{}", config.refine_evaluations));
  }
  if (config.random_candidates > 0) {
    return BadOption(config, "search.random_candidates",
                     "0 with search.strategy evopress, which breeds no functions",
                     fmt::format("{}", config.random_candidates));
  }
  for (const auto& [key, values] : {std::pair("robust.sparsities", &config.robust_sparsities),
                                    {"robust.models", &config.robust_models},
                                    {"robust.texts", &config.robust_texts}}) {
    if (values->empty()) continue;
    return BadOption(config, key,
                     "none with search.strategy evopress, which searches sparsities of one model "
                     "on one text",
                     fmt::format("{} of them", values->size()));
  }
  return absl::OkStatus();
}

}  // namespace strata::cli

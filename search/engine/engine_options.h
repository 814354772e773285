// The options of a search, their check, and the text that identifies them.
#ifndef STRATA_SEARCH_ENGINE_ENGINE_OPTIONS_H_
#define STRATA_SEARCH_ENGINE_ENGINE_OPTIONS_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "expr/allocation.h"
#include "expr/baselines.h"
#include "expr/unit_layout.h"
#include "search/engine/ladder.h"
#include "search/engine/scenario.h"
#include "search/strategy/strategy_options.h"

namespace strata::search {

// Names of objectives that the engine knows. Every other name is that of a measure that evaluations
// must report (EvaluateOutcome::measures).
inline constexpr char kLoss[] = "loss";
inline constexpr char kComplexity[] = "complexity";
inline constexpr char kZeroShotError[] = "zero_shot_error";

// Settings of each baseline that are measured.
enum class BaselineSettings {
  kAll,  // every published and widened setting
  // The default and two settings spread over the grid. Then one round of tuning: the neighbours of
  // the best setting, for the better half of the baselines.
  kTuned,
  // The default. Then the neighbours of the default, for the three best baselines.
  kBrief,
};
std::string_view NameOf(BaselineSettings settings);  // "all", "tuned", "brief"

// A function that the search begins with besides the baselines: from another run or a file.
struct WarmStart {
  std::string name;
  expr::Expression expression;
};

struct EngineOptions {
  uint64_t seed = 1;
  expr::AllocationTarget target;
  // Further models, texts and targets. If there are any, every candidate is measured in all of
  // them.
  RobustOptions robust;
  // Tried first: the published default of each baseline, then further settings.
  std::vector<expr::Baseline> baselines;
  BaselineSettings baseline_settings = BaselineSettings::kAll;
  std::vector<WarmStart> warm_start;  // after all settings of the baselines
  int random_candidates = 8;          // first ones of the strategy, after the seeds
  StrategyOptions strategy;
  // Objectives to minimise: the loss first, at most kMaximumObjectives, each once. With several
  // scenarios, ScenarioObjectives replaces them.
  std::vector<std::string> objectives = {kLoss, kComplexity};
  // Points of the archive that are closer than this in every measured objective count as one, see
  // epsilon_archive.h.
  double epsilon = 0.001;
  LadderOptions ladder;
  // Candidate k is bred from the results of candidates numbered at most k - lag. Several times the
  // number of workers is a good value: a larger lag keeps more workers busy, but learns later.
  int lag = 8;
  // Maximum number of distinct allocations measured in the search, baselines included; 0: no limit.
  int64_t maximum_evaluations = 200;
  // The search ends after this many distinct allocations in a row leave the archive as it is; 0:
  // never.
  int64_t stagnation_evaluations = 0;
  // Number of candidates measured with the exact protocol, at least 1, besides the best setting of
  // every baseline. They are members of the front, then of the next fronts.
  int finalists = 5;
  // Candidates are simplified (expr::Simplified) before anything sees them: their texts, nodes and
  // features are those of the simplified tree. Baselines keep their published form unless the
  // simplified one has fewer nodes. False only in runs that began before candidates were simplified
  // and are resumed; such runs breed what they would have bred.
  bool simplifies = true;
};

// Errors: InvalidArgument names the option, what was expected and what was found.
absl::Status ValidateOptions(const EngineOptions& options, const expr::UnitLayout& layout);

// Line of IdentityText if candidates are simplified. Runs that began before they were lack it.
inline constexpr char kSimplifiesLine[] = "expressions=simplified\n";

// Returns one "name=value" per line for everything that decides which candidates are bred: all
// options but maximum_evaluations, stagnation_evaluations and finalists; the layout of the units;
// and the operator table. Equal texts give equal candidates. Doubles are exact.
std::string IdentityText(const EngineOptions& options, const expr::UnitLayout& layout);

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_ENGINE_OPTIONS_H_

// Checks the engine's options, lists the baselines that the search starts with, and writes the text
// that identifies the options.
#ifndef STRATA_SEARCH_ENGINE_ENGINE_OPTIONS_H_
#define STRATA_SEARCH_ENGINE_ENGINE_OPTIONS_H_

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "search/engine/engine.h"

namespace strata::search {

// Errors: InvalidArgument names the option, what was expected and what was found.
absl::Status ValidateOptions(const EngineOptions& options, const expr::UnitLayout& layout);

struct Seed {
  int baseline = 0;  // index into the options' baselines
  std::string name;  // "owl M=5 lambda=0.08"
  expr::Expression expression;
};

// Returns the baselines in the order they are tried: the paper's default of each, then the other
// settings of each. Baselines whose features take long come after all others, so that nobody waits
// for their features.
std::vector<Seed> BaselineSeeds(const EngineOptions& options);

// Returns the settings of the tuning round: the unmeasured neighbours, in the grid, of the best
// setting of each baseline in the better half. `fitness[i]` is the loss of seed i; a seed without a
// loss counts as worst. Empty with BaselineSettings::kAll.
std::vector<Seed> TuningSeeds(const EngineOptions& options, const std::vector<Seed>& seeds,
                              const std::vector<std::optional<double>>& fitness);

// Returns one "name=value" per line for everything that decides which candidates are bred: all
// options but maximum_evaluations, stagnation_evaluations and finalists; the layout of the units;
// and the operator table. Equal texts give equal candidates. Doubles are exact.
std::string IdentityText(const EngineOptions& options, const expr::UnitLayout& layout);

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_ENGINE_OPTIONS_H_

// What the engine's options must satisfy, what they make the search start with, and the text that
// identifies them.
#ifndef STRATA_SEARCH_ENGINE_OPTIONS_H_
#define STRATA_SEARCH_ENGINE_OPTIONS_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "search/engine/engine.h"

namespace strata::search {

// InvalidArgument names the option, what it must be and what it is.
absl::Status ValidateOptions(const EngineOptions& options, const expr::UnitLayout& layout);

struct Seed {
  int baseline = 0;  // index into the options' baselines
  std::string name;  // "owl M=5 lambda=0.08"
  expr::Expression expression;
};

// The baselines in the order they are tried: the paper's default of each, then all other settings
// of each.
std::vector<Seed> BaselineSeeds(const std::vector<expr::Baseline>& baselines);

// One "name=value" per line of everything that decides which candidates are bred: all options but
// maximum_evaluations, stagnation_evaluations and finalists, the layout of the units, and the
// operator table. Equal texts, equal candidates. Doubles are exact.
std::string IdentityText(const EngineOptions& options, const expr::UnitLayout& layout);

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_OPTIONS_H_

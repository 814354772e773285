// Checks the engine's options, lists the baselines that the search starts with, and writes the text
// that identifies the options.
#ifndef STRATA_SEARCH_ENGINE_ENGINE_OPTIONS_H_
#define STRATA_SEARCH_ENGINE_ENGINE_OPTIONS_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "search/engine/engine.h"

namespace strata::search {

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

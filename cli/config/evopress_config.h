// What the settings of a refinement by EvoPress' search mean together.
#ifndef STRATA_CLI_CONFIG_EVOPRESS_CONFIG_H_
#define STRATA_CLI_CONFIG_EVOPRESS_CONFIG_H_

#include <absl/status/statusor.h>

#include "cli/config/run_config.h"
#include "search/refinement/refinement_options.h"

namespace strata::cli {

// Gives `refine.method`, `refine.start` and `search.random_candidates` the values that go with
// `search.strategy: evopress`, unless they were given.
void UseEvoPressDefaults(RunConfig* config);

// Returns the options of the search, whatever `refine.method` says. Without
// `refine.evopress_rungs` the rungs are those of EvoPress: a 32nd of the windows of a full
// measurement (selection.windows), after which 8 offspring go on, then a quarter, after which 2 do.
// They have one window or more; if two rungs get the same windows only the later one is left, and
// none has those of the full measurement. Errors: InvalidArgument names the rung.
absl::StatusOr<search::EvoPressOptions> EvoPressOptionsOf(const RunConfig& config);

// Checks the rungs, and that no setting contradicts `search.strategy: evopress`. Errors:
// InvalidArgument names the key and the reason.
absl::Status CheckEvoPress(const RunConfig& config);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_EVOPRESS_CONFIG_H_

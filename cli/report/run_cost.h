// What a run cost: tokens through the model, and time.
#ifndef STRATA_CLI_REPORT_RUN_COST_H_
#define STRATA_CLI_REPORT_RUN_COST_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "cli/config/run_config.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Tokens through the model. A token counts once in a forward pass and twice in a backward pass, and
// by the share of the blocks if it runs through a part of the model. Computing a forward pass again
// to save memory does not count. An evaluation takes its windows and, with the sequential protocol,
// two passes of the calibration sequences. Failed evaluations and the items of tasks do not count.
struct TokenCost {
  int64_t per_evaluation = 0;  // of one evaluation in the search (the last rung of a race)
  int64_t search = 0;          // evaluations of candidates, and of the dense model beside them
  // Measurements of slopes(f, s), which count as three evaluations of the search each.
  int64_t slopes = 0;
  // One pass of the calibration sequences for all cheap features; `slope` and gradients: a forward
  // and a backward pass of the calibration sequences; `distortion`: one run from each unit on with
  // at most kDistortionTokens; `sensitivity`: two runs from each unit on.
  int64_t features = 0;
  int64_t exact = 0;  // selection and report of finalists, and the dense model beside them
  // Evaluations of allocations, slopes, selection and report of what came out.
  int64_t refinement = 0;

  int64_t total() const { return search + slopes + features + exact + refinement; }
};

struct RunCost {
  std::optional<TokenCost> tokens;  // nullopt for a search of several scenarios
};

// Wall-clock seconds, summed over the times that the search was started: of the search phase, and
// of all phases. A search that was killed counts up to what it stored last.
struct RunTimes {
  double search_seconds = 0, seconds = 0;
};

// Errors: DataLoss for seconds that are no number; those of the store.
absl::StatusOr<RunTimes> ReadRunTimes(const search::RunStore& store);

// Reads the cost from what the run in `store` has measured so far; reads all of its outcomes for
// that. `candidates` are all of the store. Errors: DataLoss for a run whose contexts or model are
// missing although it has outcomes; those of the store.
absl::StatusOr<RunCost> ReadRunCost(const search::RunStore& store, const RunConfig& config,
                                    const std::vector<search::StoredCandidate>& candidates);

// Returns {"tokens": {"per_evaluation", ..., "total"} or null}. Times are no part of it, because a
// report is the same for every run of the same search; `strata status` has them.
nlohmann::ordered_json ToJson(const RunCost& cost);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_RUN_COST_H_

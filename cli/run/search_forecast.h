// Forecast of a search: what it would do and how long it would take.
#ifndef STRATA_CLI_RUN_SEARCH_FORECAST_H_
#define STRATA_CLI_RUN_SEARCH_FORECAST_H_

#include <absl/status/statusor.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/config/run_config.h"
#include "cli/run/search_setup.h"
#include "cli/shared/command.h"
#include "cli/shared/page.h"
#include "expr/allocation.h"

namespace strata::cli {

// Returns the seconds that one worker takes for an evaluation in the stage search.
using Probe = std::function<absl::StatusOr<double>(const SearchSetup& setup,
                                                   const expr::AllocationTarget& target)>;

// Where the seconds of a forecast come from.
struct ForecastRate {
  // Measures an evaluation, whose ratio to the lower bound then applies to every stage. Null: the
  // seconds are lower bounds, computed from the arithmetic alone at this machine's GEMM rate.
  Probe probe = nullptr;
  // Folder of a run; the seconds of an evaluation in the search are those measured in it, and
  // nothing is probed. Empty: none.
  std::string rate_from = {};
};

// Checks the configuration as a search would and describes the search: candidates, all features of
// the first candidates and of the pool, evaluations per stage with their tokens and the items of
// tasks, seconds, memory, disk. Errors: FailedPrecondition if the run that gives the rate measured
// something else; those of the probe. Writes nothing.
absl::StatusOr<nlohmann::ordered_json> ForecastSearch(const RunConfig& config,
                                                      const ForecastRate& rate);

// Prints the forecast to standard output, as JSON or as text that fits the page. Errors: those of
// ForecastSearch.
absl::Status PrintForecast(const RunConfig& config, const ForecastRate& rate, OutputFormat format,
                           const Page& page);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_FORECAST_H_

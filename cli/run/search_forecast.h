// Forecast of a search: what it would do and how long it would take.
#ifndef STRATA_CLI_RUN_SEARCH_FORECAST_H_
#define STRATA_CLI_RUN_SEARCH_FORECAST_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/config/run_config.h"
#include "cli/shared/command.h"
#include "cli/shared/page.h"

namespace strata::cli {

// Checks the configuration as a search would and describes the search: candidates, features of the
// first pass, evaluations per stage with their tokens, seconds, memory, disk. The seconds are lower
// bounds, computed from the arithmetic alone at this machine's measured GEMM rate. If `rate_from`
// names a run's folder, the seconds of an evaluation in the search are those measured in that run.
// Errors: FailedPrecondition if that run measured something else. Writes nothing.
absl::StatusOr<nlohmann::ordered_json> ForecastSearch(const RunConfig& config,
                                                      const std::string& rate_from);

// Returns what ForecastSearch returned as text whose lines fit the page.
std::string ForecastText(const nlohmann::ordered_json& forecast, const Page& page);

// Prints the forecast to standard output. Errors: those of ForecastSearch.
absl::Status PrintForecast(const RunConfig& config, const std::string& rate_from,
                           OutputFormat format, const Page& page);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_FORECAST_H_

// What a search would do, and how long it would take, before it is begun.
#ifndef STRATA_CLI_SEARCH_FORECAST_H_
#define STRATA_CLI_SEARCH_FORECAST_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/config/run_config.h"
#include "cli/shared/command.h"

namespace strata::cli {

// Checks the configuration as a search would and describes it: candidates, the features of the
// first pass, evaluations per rung with their tokens, seconds, memory, disk. Without `rate_from`
// the seconds are those of the arithmetic alone at this machine's measured GEMM rate, which nothing
// beats; with it, a run's folder, what an evaluation took there. FailedPrecondition for a run that
// measured something else. Writes nothing.
absl::StatusOr<nlohmann::ordered_json> ForecastSearch(const RunConfig& config,
                                                      const std::string& rate_from);

// To standard output.
absl::Status PrintForecast(const RunConfig& config, const std::string& rate_from,
                           OutputFormat format);

}  // namespace strata::cli

#endif  // STRATA_CLI_SEARCH_FORECAST_H_

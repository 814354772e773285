// The forecast of a search as text for a terminal.
#ifndef STRATA_CLI_RUN_FORECAST_TEXT_H_
#define STRATA_CLI_RUN_FORECAST_TEXT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "cli/shared/page.h"

namespace strata::cli {

// Returns what ForecastSearch returned as text whose lines fit the page.
std::string ForecastText(const nlohmann::ordered_json& forecast, const Page& page);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_FORECAST_TEXT_H_

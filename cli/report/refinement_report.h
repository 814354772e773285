// What a run's refinement found beside the function it began with.
#ifndef STRATA_CLI_REFINEMENT_REPORT_H_
#define STRATA_CLI_REFINEMENT_REPORT_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/config/run_config.h"
#include "search/store/run_store.h"

namespace strata::cli {

struct RefinementReport {
  int64_t candidate = 0;  // whose allocation was refined
  int64_t tried = 0;      // allocations measured, the start included
  int64_t failed = 0;
  int64_t slopes = 0;         // how often they were measured
  std::string slope_failure;  // why they could not be; empty if they could
  search::RefinedResult start;
  // Lowest selection loss, which may be the start's; the start while nothing was selected.
  search::RefinedResult best;
};

// Nothing where no refinement has begun.
absl::StatusOr<std::optional<RefinementReport>> ReadRefinementReport(const search::RunStore& store);

// Perplexities of start and best (null where not measured), and how they were measured.
nlohmann::ordered_json ToJson(const RefinementReport& report);

// Lines for a terminal, each with its end.
std::string ToText(const RefinementReport& report, const RunConfig& config);

}  // namespace strata::cli

#endif  // STRATA_CLI_REFINEMENT_REPORT_H_

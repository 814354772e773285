// Results of a run's refinement, beside those of the function that it began with.
#ifndef STRATA_CLI_REPORT_REFINEMENT_REPORT_H_
#define STRATA_CLI_REPORT_REFINEMENT_REPORT_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/config/run_config.h"
#include "search/store/run_store.h"

namespace strata::cli {

struct RefinementReport {
  // The candidate whose allocation was refined; nullopt for uniform sparsities that none has.
  std::optional<int64_t> candidate;
  int64_t tried = 0;    // allocations measured in full, the start included
  int64_t dropped = 0;  // allocations measured on fewer windows only
  int64_t failed = 0;
  int64_t slopes = 0;         // number of times that slopes were measured
  std::string slope_failure;  // why slopes were not measured; empty if they were
  search::RefinedResult start;
  // The result with the lowest selection loss, which may be the start. It is the start until a
  // result has a selection loss.
  search::RefinedResult best;
};

// Reads the refinement of a run. Returns nullopt if no refinement has begun.
absl::StatusOr<std::optional<RefinementReport>> ReadRefinementReport(const search::RunStore& store);

// Returns the counts and the perplexities of start and best, null if not measured. Refinement and
// selection have KL divergences in their place if `selection`, the measure of both, is kKl.
nlohmann::ordered_json ToJson(const RefinementReport& report, evaluator::Measure selection);

// Returns lines for a terminal, each with its line break.
// `vocabulary` is that of RunReport.
std::string ToText(const RefinementReport& report, const RunConfig& config, int64_t vocabulary);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_REFINEMENT_REPORT_H_

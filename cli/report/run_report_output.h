// Report of a run as JSON and as text.
#ifndef STRATA_CLI_REPORT_RUN_REPORT_OUTPUT_H_
#define STRATA_CLI_REPORT_RUN_REPORT_OUTPUT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "cli/report/run_report.h"
#include "cli/shared/measure_text.h"
#include "cli/shared/page.h"

namespace strata::cli {

// Returns {"front": [...], "baselines": [...], ...}. Each element has id, name, expression,
// complexity, fitness_perplexity, forecast_perplexity, selection_perplexity, report_perplexity,
// sparsity, report_window_nll (losses by window of the report split, in the order of the text), and
// against_best_baseline (ToJson of PairedDifference). With tasks it also has
// fitness_zero_shot_error and report_zero_shot_error. A value that was not measured is null.
// "dense" has the perplexities of the dense model, and "vocabulary" the number of its tokens, null
// if the run is older. "cost" is ToJson of RunCost. "measurements" describes how each value was
// measured, and "intervals" how those of against_best_baseline were made. What is a KL divergence
// has keys in _kl in the place of _perplexity (ShownKey).
nlohmann::ordered_json ToJson(const RunReport& report);
nlohmann::ordered_json ToJson(const search::StoredCandidate& candidate,
                              const RunMeasures& measures);

// Returns text for a terminal: the table, how each column was measured, and what was not measured.
// Its lines fit the page.
std::string ToTable(const RunReport& report, const Page& page = Page());

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_RUN_REPORT_OUTPUT_H_

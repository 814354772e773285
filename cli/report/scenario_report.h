// Results of a search over several models, texts or sparsities, in each scenario.
#ifndef STRATA_CLI_REPORT_SCENARIO_REPORT_H_
#define STRATA_CLI_REPORT_SCENARIO_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "cli/report/run_report.h"
#include "cli/shared/page.h"

namespace strata::cli {

// Returns [{"name", "dense_selection_perplexity", "uniform_selection_perplexity",
// "dense_report_perplexity", "uniform_report_perplexity"}]. Perplexities are null while the
// references are not known. Returns an empty array for a search of one scenario.
nlohmann::ordered_json ScenariosJson(const RunReport& report);

// Returns [{"fitness_perplexity", "selection_perplexity", "report_perplexity", "sparsity"}] by
// scenario. Both functions have "..._kl" in the place of what is a KL divergence.
nlohmann::ordered_json ScenariosJson(const search::StoredCandidate& candidate,
                                     const RunMeasures& measures);

// Returns the perplexities on the report split in every scenario, for the dense model, uniform
// sparsities and the verified candidates, and states how they became one number. Empty for a search
// of one scenario.
std::string ScenarioTable(const RunReport& report, const Page& page = Page());

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_SCENARIO_REPORT_H_

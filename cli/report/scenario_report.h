// What a search of several models, texts or sparsities found in each of them.
#ifndef STRATA_CLI_SCENARIO_REPORT_H_
#define STRATA_CLI_SCENARIO_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "cli/report/run_report.h"

namespace strata::cli {

// [{"name", "dense_selection_perplexity", "uniform_selection_perplexity", ... of report}], null
// while the references are not known. An empty array for a search of one scenario.
nlohmann::ordered_json ScenariosJson(const RunReport& report);

// [{"fitness_perplexity", "selection_perplexity", "report_perplexity", "sparsity"}] by scenario.
nlohmann::ordered_json ScenariosJson(const search::StoredCandidate& candidate);

// Perplexities of the report split in every scenario, for the dense model, uniform sparsities and
// what was verified, and how they became one number. Empty for a search of one scenario.
std::string ScenarioTable(const RunReport& report);

}  // namespace strata::cli

#endif  // STRATA_CLI_SCENARIO_REPORT_H_

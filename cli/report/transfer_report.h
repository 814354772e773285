// Report of a function on models, texts and sparsities that it was not found on, beside the
// baselines.
#ifndef STRATA_CLI_REPORT_TRANSFER_REPORT_H_
#define STRATA_CLI_REPORT_TRANSFER_REPORT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "cli/shared/page.h"
#include "evaluator/tasks/estimate.h"

namespace strata::cli {

enum class TransferRole {
  kFunction,   // the function that is transferred
  kTuned,      // a baseline's best setting in the run that found the function, unchanged
  kPublished,  // a published function at its published default
};

// One function at one sparsity.
struct TransferRow {
  TransferRole role = TransferRole::kFunction;
  std::string name;
  std::string expression;
  std::string failure;  // why it has no sparsities here; empty if the fields below are set
  std::vector<double> allocation;
  std::vector<double> window_nll;
  double mean_nll = 0;
  double achieved_sparsity = 0;
};

struct TransferCell {
  double sparsity = 0;
  std::vector<TransferRow> rows;  // the function first
};

// A model with a text that calibrates and measures it.
struct TransferSubject {
  std::string model, model_name, model_digest;
  std::string text, text_digest;
  int64_t vocabulary = 0;  // tokens; 0: not known
  double dense_nll = 0;
  std::vector<TransferCell> cells;  // one per requested sparsity, in that order
};

struct TransferReport {
  std::string function;  // its name
  std::string expression;
  std::string run;  // the run that found it; empty for any other function
  std::string found_on_name, found_on_digest;  // the model it was found on; empty if unknown
  RunConfig config;                            // how everything was measured
  tasks::BootstrapOptions bootstrap;
  std::vector<TransferSubject> subjects;
};

// Comparison of the function with the baseline that has the lowest loss in the cell. That baseline
// is chosen on the very text that is reported, which favours it.
struct TransferComparison {
  const TransferRow* baseline = nullptr;  // points into the cell
  double ratio = 0;                       // of perplexities, function / baseline; below 1 is better
  // Perplexity of the function minus that of the baseline. The interval is that of a paired
  // bootstrap over windows.
  tasks::Estimate difference;
};

// Compares the function with the best baseline. Returns nullopt if the function or every baseline
// has no sparsities.
std::optional<TransferComparison> Compare(const TransferCell& cell,
                                          const tasks::BootstrapOptions& bootstrap);

// Returns the report as JSON or as a table. docs/search.md describes the members of the JSON.
nlohmann::ordered_json ToJson(const TransferReport& report);
std::string ToTable(const TransferReport& report, const Page& page = Page());

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_TRANSFER_REPORT_H_

// Output of `strata eval`: JSON, a table, and one line per measured item.
#ifndef STRATA_CLI_EVAL_REPORT_H_
#define STRATA_CLI_EVAL_REPORT_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/shared/page.h"
#include "evaluator/tasks/perplexity.h"
#include "evaluator/tasks/task_results.h"

namespace strata::cli {

// Answers of one version of the model.
struct EvalAnswers {
  std::string version;  // "dense" or "pruned"
  std::vector<std::vector<tasks::ItemResponse>> tasks;
  std::vector<tasks::Likelihood> windows;
};

// Figures of one version. Those of a pruned version include its differences to the dense one.
struct EvalFigures {
  std::string version;
  std::optional<tasks::PerplexityResult> perplexity;
  std::vector<tasks::TaskResult> tasks;  // includes groups
  double sparsity = 0;                   // share of the prunable weights that was asked for
  // Share of the prunable weights that are zero; nullopt if all answers were kept from before.
  std::optional<double> counted_sparsity;
};

// Returns a line with the sparsity that was asked for, the one that was counted, and their
// difference, which a pattern or a whole number of weights per row may cause.
std::string SparsityLine(const EvalFigures& pruned);

// Returns {"perplexity", "mean_nll", ..., "tasks": {NAME: {"documents", METRIC, METRIC_stderr,
// METRIC_interval}}, "groups": {...}} of the dense model. "pruned" holds the same keys for the
// pruned model, with METRIC_difference. docs/evaluation.md describes every key.
nlohmann::ordered_json EvalJson(const std::vector<EvalFigures>& versions);

// Returns a table with one row per figure and version, and a row for the difference of a figure.
// Perplexities of the text are marked if they are worse than guessing among the tokens of the
// vocabulary. Lines fit the page.
std::string EvalTable(const std::vector<EvalFigures>& versions, int64_t vocabulary,
                      const Page& page = Page());

// Returns one line of JSON per item of each task and version.
absl::StatusOr<std::string> SampleLines(const tasks::TaskSet& set,
                                        const std::vector<EvalAnswers>& versions);

}  // namespace strata::cli

#endif  // STRATA_CLI_EVAL_REPORT_H_

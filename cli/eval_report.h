// What `strata eval` prints and writes.
#ifndef STRATA_CLI_EVAL_REPORT_H_
#define STRATA_CLI_EVAL_REPORT_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/tasks/perplexity.h"
#include "evaluator/tasks/task_results.h"

namespace strata::cli {

// What one version of the model answered.
struct EvalAnswers {
  std::string version;  // "dense" or "pruned"
  std::vector<std::vector<tasks::ItemResponse>> tasks;
  std::vector<tasks::Likelihood> windows;
};

// The figures of one version; those of a pruned one have differences to the dense one.
struct EvalFigures {
  std::string version;
  std::optional<tasks::PerplexityResult> perplexity;
  std::vector<tasks::TaskResult> tasks;  // and groups
  double sparsity = 0;                   // share of the prunable weights
};

// {"perplexity", "mean_nll", ..., "tasks": {NAME: {"documents", METRIC, METRIC_stderr,
// METRIC_interval}}, "groups": {...}} of the dense model, and the same of the pruned one, with
// METRIC_difference, under "pruned". docs/evaluation.md has every key.
nlohmann::ordered_json EvalJson(const std::vector<EvalFigures>& versions);

// One row for each figure, the versions side by side.
std::string EvalTable(const std::vector<EvalFigures>& versions);

// One JSON line for each item of each task and version.
absl::StatusOr<std::string> SampleLines(const tasks::TaskSet& set,
                                        const std::vector<EvalAnswers>& versions);

}  // namespace strata::cli

#endif  // STRATA_CLI_EVAL_REPORT_H_

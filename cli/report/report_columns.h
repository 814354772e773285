// Describes how the numbers of a run's report were measured.
#ifndef STRATA_CLI_REPORT_REPORT_COLUMNS_H_
#define STRATA_CLI_REPORT_REPORT_COLUMNS_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "cli/config/run_tasks.h"

namespace strata::cli {

struct ReportColumn {
  std::string name;   // of the table's column
  std::string split;  // of the text
  int64_t windows = 0;
  int64_t window_tokens = 0;
  std::string protocol;
  std::string arithmetic;
  evaluator::Measure measure = evaluator::Measure::kLoss;
  std::string purpose;
};

// Returns the columns fitness, selection and report, in this order.
std::vector<ReportColumn> ReportColumnsOf(const RunConfig& config);

// Returns one line per column and one line on how the models were pruned. If there are tasks, the
// columns of zero-shot errors are included. If no n:M has the target sparsity, a line says so.
std::string DescribeMeasurements(const RunConfig& config, const RunTasks& tasks);

// Returns {"fitness": {"split", "windows", "window_tokens", "protocol", "arithmetic", "measure",
// "purpose"}, ..., "pruning": {"pruner", "group", "granularity", "calibration_sequences",
// "calibration_sequence_tokens"}}. If there are tasks, it also holds "zero_shot_errors": {"fitness"
// (if it is an objective) and "report": {"half", "protocol", "arithmetic"}, "tasks": those of
// ToJson(RunTasks)}.
nlohmann::ordered_json MeasurementsJson(const RunConfig& config, const RunTasks& tasks);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_REPORT_COLUMNS_H_

// How the numbers of a run's report were measured.
#ifndef STRATA_CLI_REPORT_COLUMNS_H_
#define STRATA_CLI_REPORT_COLUMNS_H_

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
  std::string purpose;
};

// fitness, selection, report.
std::vector<ReportColumn> ReportColumnsOf(const RunConfig& config);

// One line for each column, those of zero-shot errors included where there are tasks, and one for
// how the models were pruned.
std::string DescribeMeasurements(const RunConfig& config, const RunTasks& tasks);

// {"fitness": {"split", "windows", "window_tokens", "protocol", "arithmetic", "purpose"}, ...,
// "pruning": {"pruner", "group", "granularity", "calibration_sequences",
// "calibration_sequence_tokens"}}, with tasks also "zero_shot_errors": {"fitness" (where it is an
// objective) and "report": {"half", "protocol", "arithmetic"}, "tasks": those of ToJson(RunTasks)}.
nlohmann::ordered_json MeasurementsJson(const RunConfig& config, const RunTasks& tasks);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_COLUMNS_H_

#include "cli/report/report_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "evaluator/names.h"
#include "expr/allocation.h"

namespace strata::cli {
namespace {

// A column of zero-shot errors. It is measured like the column of losses of that name, on one half
// of the items.
struct ErrorColumn {
  ReportColumn column;
  int64_t RunTask::*items;
};

std::vector<ErrorColumn> ErrorColumnsOf(const RunConfig& config, const RunTasks& tasks) {
  std::vector<ErrorColumn> columns;
  if (tasks.tasks.empty()) return columns;
  const std::vector<ReportColumn> losses = ReportColumnsOf(config);
  const auto& objectives = config.objectives;
  if (std::find(objectives.begin(), objectives.end(), search::kZeroShotError) != objectives.end()) {
    columns.push_back({losses.front(), &RunTask::fitness_items});
  }
  columns.push_back({losses.back(), &RunTask::report_items});
  return columns;
}

std::string DescribeTasks(const RunTasks& tasks, int64_t RunTask::*items) {
  std::string text;
  for (const RunTask& task : tasks.tasks) {
    text += fmt::format("{}{} ({} of {} items)", text.empty() ? "" : ", ", task.name, task.metric,
                        task.*items);
  }
  return text;
}

}  // namespace

std::vector<ReportColumn> ReportColumnsOf(const RunConfig& config) {
  return {
      {"fitness", "fitness", config.fitness_windows, config.fitness_window_tokens,
       NameOf(config.fitness_protocol), NameOf(config.fitness_arithmetic), config.fitness_measure,
       "what the search saw"},
      {"selection", "fitness", config.selection_windows, config.report_window_tokens, "sequential",
       NameOf(config.report_arithmetic), config.selection_measure, "what chooses the best (*)"},
      {"report", "report", config.report_windows, config.report_window_tokens, "sequential",
       NameOf(config.report_arithmetic), evaluator::Measure::kLoss, "used for nothing else"}};
}

std::string DescribeMeasurements(const RunConfig& config, const RunTasks& tasks) {
  std::string text;
  for (const ReportColumn& column : ReportColumnsOf(config)) {
    text += fmt::format(
        "{:9}  {} windows of {} tokens, {} split, {} protocol, {}{}: {}\n", column.name,
        column.windows, column.window_tokens, column.split, column.protocol, column.arithmetic,
        column.measure == evaluator::Measure::kLoss ? "" : ", KL divergence from the dense model",
        column.purpose);
  }
  for (const auto& [column, items] : ErrorColumnsOf(config, tasks)) {
    text += fmt::format(
        "{} error: 1 - mean accuracy over tasks, {} half of their items, {} protocol, {}: {}\n",
        column.name, column.split, column.protocol, column.arithmetic, DescribeTasks(tasks, items));
  }
  text += fmt::format(
      "pruned by {}{}, one sparsity per {}, statistics of {} sequences of {} tokens"
      " of the calibration split\n",
      NameOf(config.pruner), config.group == 0 ? "" : fmt::format(" in groups of {}", config.group),
      NameOf(config.granularity), config.calibration_sequences, config.calibration_sequence_tokens);
  const std::string mixed = expr::WhyUniformIsMixed(
      {.sparsity = config.target_sparsity, .group = static_cast<int>(config.group)});
  if (!mixed.empty()) text += mixed + '\n';
  return text;
}

nlohmann::ordered_json MeasurementsJson(const RunConfig& config, const RunTasks& tasks) {
  nlohmann::ordered_json json;
  for (const ReportColumn& column : ReportColumnsOf(config)) {
    json[column.name] = {{"split", column.split},
                         {"windows", column.windows},
                         {"window_tokens", column.window_tokens},
                         {"protocol", column.protocol},
                         {"arithmetic", column.arithmetic},
                         {"measure", NameOf(column.measure)},
                         {"purpose", column.purpose}};
  }
  json["pruning"] = {{"pruner", NameOf(config.pruner)},
                     {"group", config.group},
                     {"granularity", NameOf(config.granularity)},
                     {"calibration_sequences", config.calibration_sequences},
                     {"calibration_sequence_tokens", config.calibration_sequence_tokens}};
  for (const auto& [column, items] : ErrorColumnsOf(config, tasks)) {
    json["zero_shot_errors"][column.name] = {
        {"half", column.split}, {"protocol", column.protocol}, {"arithmetic", column.arithmetic}};
  }
  if (!tasks.tasks.empty()) json["zero_shot_errors"]["tasks"] = ToJson(tasks)["tasks"];
  return json;
}

}  // namespace strata::cli

#include "cli/run/forecast_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/config/bytes_budget.h"
#include "cli/shared/output.h"
#include "cli/shared/work_progress.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

// Returns the table of the stages. Columns of tasks are there if the search has any.
std::string StageTable(const Json& stages, bool has_tasks, const Page& page) {
  std::vector<std::string> headings = {"stage", "protocol", "arithmetic", "split", "tokens"};
  if (has_tasks) headings.insert(headings.end(), {"task items", "sequences", "their tokens"});
  headings.emplace_back("seconds each");
  std::vector<Align> alignment(headings.size(), Align::kRight);
  std::fill_n(alignment.begin(), 4, Align::kLeft);
  Table table(headings, alignment);
  // A table with tasks may be split, and every part then names the stages.
  if (!has_tasks) table.GiveWay(0);
  for (const Json& stage : stages) {
    const std::string measure = stage.value("measure", "loss");
    std::vector<std::string> cells = {
        stage["stage"], stage["protocol"],
        stage["arithmetic"].get<std::string>() + (measure == "loss" ? "" : ", " + measure),
        stage["split"]};
    cells.push_back(fmt::format("{}", stage["tokens"].get<int64_t>()));
    for (const char* key : {"task_items", "task_sequences", "task_tokens"}) {
      if (has_tasks) cells.push_back(fmt::format("{}", stage[key].get<int64_t>()));
    }
    cells.push_back(fmt::format("{:.3f}", stage["seconds_each"].get<double>()));
    table.AddRow(std::move(cells));
  }
  return table.Render(page);
}

}  // namespace

std::string ForecastText(const Json& f, const Page& page) {
  const auto number = [](const Json& value) {
    return value.is_null() ? std::string("no limit") : fmt::format("{:.0f}", value.get<double>());
  };
  std::string text = fmt::format(
      "{} at {}: one sparsity for each of {} units\n", f["model"].get<std::string>(),
      TargetText(f["target_sparsity"].get<double>(), f["target_bytes_share"].get<double>()),
      f["units"].get<size_t>());
  text += fmt::format(
      "{} settings of {} baselines, {} functions of a warm start, {} random ones, then "
      "offspring\n",
      f["baseline_settings"].get<int64_t>(), f["baselines"].get<size_t>(),
      f["warm_start"].get<size_t>(), f["random_candidates"].get<int>());
  text +=
      fmt::format("{} features to measure on {} calibration tokens: {}\n",
                  f["feature_measurements"].get<int64_t>(), f["calibration_tokens"].get<int64_t>(),
                  fmt::join(f["features"].get<std::vector<std::string>>(), ", "));
  for (const Json& task : f["tasks"]) {
    text += fmt::format("task {} ({}): {} items for each candidate, {} for each finalist\n",
                        task["name"].get<std::string>(), task["metric"].get<std::string>(),
                        task["items_per_candidate"].get<int64_t>(),
                        task["items_per_finalist"].get<int64_t>());
  }
  if (!f["features_that_take_long"].empty()) {
    text +=
        fmt::format("features that take long: {}; distortion and slope at least {}\n",
                    fmt::join(f["features_that_take_long"].get<std::vector<std::string>>(), ", "),
                    DurationText(f["features_seconds_at_least"].get<double>()));
  }
  text += StageTable(f["stages"], !f["tasks"].empty(), page);
  text += fmt::format("evaluations: {}, limited by {}; finalists measured exactly: at most {}\n",
                      number(f["evaluations"]), f["limited_by"].get<std::string>(),
                      f["finalists_at_most"].get<int64_t>());
  if (const int64_t beyond = f["baseline_settings_not_reached_at_most"]; beyond > 0) {
    text += fmt::format(
        "the search ends before it breeds: up to {} of the {} settings of baselines are not "
        "reached; for more, raise search.maximum_evaluations or search.minutes, or name fewer in "
        "search.baselines\n",
        beyond, f["baseline_settings"].get<int64_t>());
  }
  const double refinement = f["refinement_seconds_at_least"];
  text += fmt::format(
      "time: search {}, then selection and report at least {}{} (rate: {})\n",
      f["search_seconds"].is_null() ? "without limit"
                                    : DurationText(f["search_seconds"].get<double>()),
      DurationText(f["exact_seconds_at_least"].get<double>()),
      refinement > 0 ? fmt::format(", refinement at least {}", DurationText(refinement)) : "",
      f["rate"].get<std::string>());
  text += fmt::format("memory of a worker: at least {:.2f} GB; disk: {}\n",
                      f["worker_bytes_at_least"].get<double>() / 1e9,
                      f["disk_bytes"].is_null()
                          ? "as long as it runs"
                          : fmt::format("{:.1f} MB", f["disk_bytes"].get<double>() / 1e6));
  return Folded(text, page);
}

}  // namespace strata::cli

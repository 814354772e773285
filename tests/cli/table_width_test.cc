// Every table, filled with long texts, on a terminal of 80 columns and on an endless page.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/eval_report.h"
#include "cli/report/recipe.h"
#include "cli/report/run_report_output.h"
#include "cli/report/transfer_report.h"
#include "cli/run/forecast_text.h"
#include "cli/run/run_status.h"
#include "cli/shared/expression_chart.h"
#include "expr/expression.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kExpression =
    "logistic(max(redundancy, min(mean(WX), alpha)) * (mean(W) + 0.5) - min(depth, redundancy), "
    "0.15, 2.5)";

std::string Long(const std::string& word) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += (i > 0 ? " " : "") + word;
  return text;
}

size_t Widest(const std::string& text) {
  size_t widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, ColumnsOf(line));
  return widest;
}

std::string WithoutBlanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

// `render` must need more than 80 columns, must fit 80, 60 and 40 of them, and must show every one
// of `needed` on every page, although lines may break within.
template <typename Render>
void ExpectFits(const Render& render, const std::vector<std::string>& needed) {
  const std::string wide = render(Page());
  EXPECT_GT(Widest(wide), 80u) << wide;
  for (const std::string& text : needed) EXPECT_THAT(wide, HasSubstr(text));
  for (const size_t columns : {80, 60, 40}) {
    const std::string narrow = render(Page{columns});
    EXPECT_LE(Widest(narrow), columns) << narrow;
    for (const std::string& text : needed) {
      EXPECT_THAT(WithoutBlanks(narrow), HasSubstr(WithoutBlanks(text)));
    }
  }
}

search::StoredCandidate Candidate(int64_t id) {
  search::StoredCandidate candidate;
  candidate.id = id;
  candidate.lineage.name = "größe " + Long("alphapruning");
  candidate.text = kExpression;
  candidate.complexity = 123;
  candidate.fitness_nll = candidate.selection_nll = candidate.report_nll = 11.5;
  candidate.achieved_sparsity = 0.7;
  candidate.measures = {0.5};
  candidate.scenarios.resize(9);
  for (auto& scenario : candidate.scenarios) scenario.report_nll = 11.5;
  return candidate;
}

TEST(TableWidthTest, ReportOfARun) {
  RunReport report;
  report.config.objectives = {search::kLoss, search::kZeroShotError};
  report.config.robust_sparsities = {"0.5", "0.55", "0.65", "0.75", "0.8", "0.85", "0.9", "0.95"};
  report.tasks.tasks.push_back({});
  report.tasks.tasks.back().name = Long("task");
  report.front = {Candidate(1'234'567)};
  report.baselines = {Candidate(7)};
  report.best = report.front[0];
  report.dense = {11.25, 11.25, 11.25};
  report.vocabulary = 49152;
  report.failed = 3;
  report.commonest_failure = Long("reason");
  ExpectFits([&](const Page& page) { return ToTable(report, page); },
             {kExpression, Long("reason"), "98715.77!", "76879.92!", "dense model",
              "! worse than guessing"});
}

TEST(TableWidthTest, Recipe) {
  Recipe stored;
  stored.source = "/" + std::string(100, 'r') + ".json";
  stored.pruner = "sparsegpt";
  RecipeMerge merge(stored, [](const std::string&) { return false; });
  std::string pruner = "wanda";
  merge.Take("pruner", "--pruner", stored.pruner, &pruner);
  ExpectFits([&](const Page& page) { return merge.ToTable(page); }, {"sparsegpt"});
  EXPECT_THAT(merge.ToTable(), HasSubstr(stored.source));
}

TEST(TableWidthTest, Transfer) {
  TransferRow row;
  row.name = row.expression = Long("function");
  row.window_nll = {11.5, 11.6};
  row.mean_nll = 11.55;
  TransferRow failed = row;
  failed.role = TransferRole::kPublished;
  failed.failure = Long("failure");
  TransferReport report;
  report.function = Long("function");
  report.expression = kExpression;
  TransferSubject subject;
  subject.model = "/" + std::string(100, 'm');
  subject.model_name = "tiny";
  subject.cells = {{0.7, {row, failed}}};
  report.subjects = {subject};
  ExpectFits([&](const Page& page) { return ToTable(report, page); },
             {kExpression, subject.model, "103777.04"});
}

TEST(TableWidthTest, Status) {
  Json status = {
      {"run", "/" + std::string(100, 'r')},
      {"state", "running"},
      {"process", "12 on " + Long("host")},
      {"end_reason", ""},
      {"continue", nullptr},
      {"evaluations", 123456},
      {"maximum_evaluations", 1234567},
      {"candidates", 123456},
      {"failed", 1},
      {"stopped_early", 1},
      {"finalists", 1},
      {"best", {{"expression", kExpression}}},
      {"best_fitness_nll", 5.0},
      {"selection_remark", ""},
      {"front", 3},
      {"hypervolume", 1.5},
      {"failure_reasons", Json::array({{{"count", 2}, {"reason", Long("reason")}}})},
      {"quarantined", Json::array()},
      {"last_events",
       Json::array(
           {{{"unix_seconds", 1.0}, {"event", "worker_left"}, {"detail", Long("detail")}}})},
      {"live", {{"phase", "search"}, {"unix_seconds", 1.0}}}};
  const std::string worker(100, 'w');
  status["live"]["workers"] =
      Json::array({{{"name", worker}, {"state", "busy"}, {"results", 1234567}}});
  ExpectFits([&](const Page& page) { return RunStatusText(status, 2, page); },
             {kExpression, "1234567", Long("detail")});

  // The command that continues a search is copied as it stands.
  const std::string command = "strata search " + std::string(100, 'c') + " --resume";
  status["continue"] = command;
  EXPECT_THAT(RunStatusText(status, 2, Page{80}), HasSubstr(command + "\n"));
}

TEST(TableWidthTest, Evaluation) {
  tasks::Estimate estimate{12345.6789, 1234.5678, tasks::Interval{11111.1111, 22222.2222}};
  EvalFigures dense;
  dense.version = "dense";
  dense.tasks.resize(1);
  dense.tasks[0].name = std::string(60, 't');
  dense.tasks[0].documents = 1234567;
  dense.tasks[0].metrics.push_back(
      {.name = Long("metric"), .estimate = estimate, .difference = {}});
  EvalFigures pruned = dense;
  pruned.version = "pruned";
  pruned.tasks[0].metrics[0].difference = estimate;
  ExpectFits(
      [&](const Page& page) {
        return EvalTable({dense, pruned}, 0, page);
      },
      {"12345.68", "11111.11 .. 22222.22", "difference"});

  // The usual lengths fit a terminal too.
  for (EvalFigures* figures : {&dense, &pruned}) {
    figures->tasks[0].name = "arc_challenge";
    figures->tasks[0].metrics[0].name = "acc_norm";
    figures->tasks[0].metrics[0].estimate = {0.4321, 0.0142, tasks::Interval{0.4042, 0.4600}};
  }
  pruned.tasks[0].metrics[0].difference = {-0.0321, 0.0142, tasks::Interval{-0.06, -0.01}};
  const std::string usual = EvalTable({dense, pruned}, 0, Page{80});
  EXPECT_LE(Widest(usual), 80u) << usual;
}

TEST(TableWidthTest, Forecast) {
  Json forecast = {
      {"model", std::string(100, 'm')},
      {"units", 30},
      {"target_sparsity", 0.7},
      {"target_bytes_share", 0.0},
      {"baselines", 12},
      {"baseline_settings", 95},
      {"baseline_settings_not_reached_at_most", 90},
      {"warm_start", 0},
      {"random_candidates", 10},
      {"features", {"mean(WX)", "redundancy", "mean(GW)", "alpha", "distortion", "slope"}},
      {"features_that_take_long", {"distortion", "slope", "mean(GW)", "var(GW)", "mean(abs(GWX))"}},
      {"feature_measurements", 64},
      {"features_seconds_at_least", 1234.5},
      {"calibration_tokens", 123456},
      {"tasks", Json::array({{{"name", std::string(70, 'n')},
                              {"metric", "acc_norm"},
                              {"items_per_candidate", 1234},
                              {"items_per_finalist", 12345}}})},
      {"stages", Json::array({{{"stage", Long("stage")},
                               {"protocol", "sequential"},
                               {"arithmetic", "fp32"},
                               {"split", "fitness"},
                               {"tokens", 12345678},
                               {"task_items", 2345678},
                               {"task_sequences", 3456789},
                               {"task_tokens", 456789012},
                               {"seconds_each", 1234.5}}})},
      {"evaluations", 1000.0},
      {"limited_by", "evaluations"},
      {"finalists_at_most", 10},
      {"rate", "of the run " + std::string(100, 'r')},
      {"search_seconds", 1000.0},
      {"exact_seconds_at_least", 100.0},
      {"refinement_seconds_at_least", 10.0},
      {"worker_bytes_at_least", 1000000.0},
      {"disk_bytes", 1000000.0}};
  ExpectFits([&](const Page& page) { return ForecastText(forecast, page); },
             {"12345678", "2345678", "3456789", "456789012", "1234.500", std::string(100, 'm')});
  forecast["tasks"] = Json::array();
  ExpectFits([&](const Page& page) { return ForecastText(forecast, page); },
             {"12345678", "1234.500"});
  EXPECT_THAT(ForecastText(forecast, Page()), Not(HasSubstr("task items")));
}

TEST(TableWidthTest, Charts) {
  const expr::Expression tree = *expr::ParseExpression(kExpression);
  std::vector<double> values(48, 0.123456);
  values.back() = 123456.7;
  size_t nodes = 0;
  const auto count = [&](const auto& self, const expr::Expression& node) -> void {
    ++nodes;
    for (const expr::Expression& child : node.children) self(self, child);
  };
  count(count, tree);
  const std::vector<expr::NodeValue> of_nodes(
      nodes, {.node = nullptr, .depth = 0, .values = values, .status = absl::OkStatus()});
  ExpectFits([&](const Page& page) { return TreeChart(tree, of_nodes, page); },
             {"0.1235 to 1.235e+05"});
  const std::string name = "blocks.0." + std::string(60, 'n');
  ExpectFits([&](const Page& page) { return AllocationChart({name}, std::vector{0.7}, page); },
             {name, "0.7000"});
}

}  // namespace
}  // namespace strata::cli

#include "cli/report/scenario_report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace strata::cli {
namespace {

using ::testing::HasSubstr;

search::StoredCandidate Candidate(int64_t id, double first, double second) {
  search::StoredCandidate candidate;
  candidate.id = id;
  candidate.lineage.name = "function " + std::to_string(id);
  candidate.report_nll = first;
  candidate.scenarios.resize(2);
  candidate.scenarios[0].report_nll = first;
  candidate.scenarios[1].report_nll = second;
  return candidate;
}

RunReport Report() {
  RunReport report;
  report.config.robust_sparsities = {"0.5"};
  report.references = {{{1, 3}, {1.5, 3.5}}, {{1, 2}, {1.5, 2.5}}};
  report.baselines = {Candidate(0, 3.4, 2.4)};
  report.front = {Candidate(7, 3.0, 2.2), report.baselines[0]};
  report.front[1].best_of_baseline = true;
  report.best = report.front[0];
  return report;
}

TEST(ScenarioReport, ARowForEachFunctionAColumnForEachScenario) {
  const std::string table = ScenarioTable(Report());
  for (const double nll : {1.5, 3.5, 2.5, 3.4, 2.4, 3.0, 2.2}) {
    EXPECT_THAT(table, HasSubstr(fmt::format("{:.2f}", std::exp(nll))));
  }
  // A baseline on the front stands among the baselines alone.
  EXPECT_EQ(table.find("function 0"), table.rfind("function 0"));
  EXPECT_THAT(table, HasSubstr("the mean share"));
}

TEST(ScenarioReport, JsonHasEveryScenarioByName) {
  const auto json = ScenariosJson(Report());
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[1]["name"], "0.5");
  EXPECT_DOUBLE_EQ(json[1]["uniform_report_perplexity"], std::exp(2.5));
  EXPECT_DOUBLE_EQ(json[0]["dense_selection_perplexity"], std::exp(1));
  const auto candidate = ScenariosJson(Candidate(7, 3.0, 2.2), {});
  EXPECT_DOUBLE_EQ(candidate[1]["report_perplexity"], std::exp(2.2));
  EXPECT_TRUE(candidate[1]["fitness_perplexity"].is_null());
}

TEST(ScenarioReport, DivergencesHaveKeysOfTheirOwn) {
  RunReport report = Report();
  report.config.selection_measure = evaluator::Measure::kKl;
  const auto json = ScenariosJson(report);
  EXPECT_EQ(json[0]["dense_selection_kl"], 1.0);
  EXPECT_FALSE(json[0].contains("dense_selection_perplexity"));
  EXPECT_DOUBLE_EQ(json[1]["uniform_report_perplexity"], std::exp(2.5));
  const auto candidate = ScenariosJson(Candidate(7, 3.0, 2.2), {evaluator::Measure::kKl});
  EXPECT_TRUE(candidate[1].contains("fitness_kl"));
  EXPECT_DOUBLE_EQ(candidate[1]["report_perplexity"], std::exp(2.2));
}

TEST(ScenarioReport, NothingIsSaidOfOne) {
  RunReport report = Report();
  report.config.robust_sparsities = {};
  EXPECT_EQ(ScenarioTable(report), "");
  EXPECT_TRUE(ScenariosJson(report).empty());
}

}  // namespace
}  // namespace strata::cli

#include "cli/run/search_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/search/simulation.h"

namespace strata::cli {
namespace {

using ::testing::HasSubstr;

std::set<std::string> NamesIn(const std::string& text) {
  const std::string letters = "abcdefghijklmnopqrstuvwxyz_";
  std::set<std::string> names;
  for (size_t at = text.find("strata_"); at != std::string::npos; at = text.find("strata_", at)) {
    const size_t end = text.find_first_not_of(letters, at);
    names.insert(text.substr(at, end - at));
    at = end;
  }
  return names;
}

// What every panel of the dashboard asks for.
std::string Queries(const nlohmann::json& json) {
  std::string text;
  if (json.is_object() && json.contains("expr")) text += json["expr"].get<std::string>() + "\n";
  for (const auto& child : json) {
    if (child.is_structured()) text += Queries(child);
  }
  return text;
}

class SearchMetricsTest : public ::testing::Test {
 protected:
  SearchMetricsTest()
      : engine_(*search::Engine::Create(search::SmallOptions(1, 20), search::SyntheticLayout())) {
    search::Laboratory laboratory;
    search::Drive(engine_.get(), &laboratory, 2, 1);
    status_.connected_workers = 2;
    status_.waiting_items = 3;
    status_.evaluations = 7;
    status_.failures.crash = 4;
    status_.total_stage_seconds.forward = 2.5;
    status_.workers = {{.name = "a",
                        .connected = true,
                        .leased_item = "d",
                        .results = 5,
                        .busy_seconds = 3,
                        .seen_seconds = 4}};
  }

  std::unique_ptr<search::Engine> engine_;
  workers::CoordinatorStatus status_;
};

TEST_F(SearchMetricsTest, TellWhatTheCoordinatorKnows) {
  const auto metrics = SearchMetrics::Serve("", {}, evaluator::Measure::kLoss);
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  (*metrics)->Update(*engine_, status_);
  status_.failures.crash = 6;
  status_.evaluations = 9;
  (*metrics)->Update(*engine_, status_);
  const std::string text = (*metrics)->Text();
  for (const char* line : {"strata_workers_connected 2", "strata_work_items_waiting 3",
                           "strata_results_total 9", "strata_failures_total{kind=\"crash\"} 6",
                           "strata_evaluation_seconds_total{stage=\"forward\"} 2.5",
                           "strata_worker_utilisation{worker=\"a\"} 0.75",
                           "strata_worker_results_total{worker=\"a\"} 5",
                           "strata_phase{phase=\"done\"} 1", "strata_evaluations_total 20"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("strata_best_loss Nan")));
}

TEST_F(SearchMetricsTest, ADivergenceIsNotServedAsALoss) {
  const auto metrics = SearchMetrics::Serve("", {}, evaluator::Measure::kKl);
  ASSERT_TRUE(metrics.ok());
  (*metrics)->Update(*engine_, status_);
  EXPECT_THAT((*metrics)->Text(), HasSubstr("\nstrata_best_kl "));
  EXPECT_THAT((*metrics)->Text(), Not(HasSubstr("strata_best_loss")));
}

TEST_F(SearchMetricsTest, TheDashboardAndTheDocumentationNameWhatIsServed) {
  const auto metrics = SearchMetrics::Serve("", {}, evaluator::Measure::kLoss);
  ASSERT_TRUE(metrics.ok());
  (*metrics)->Update(*engine_, status_);
  const std::set<std::string> served = NamesIn((*metrics)->Text());
  const auto dashboard =
      nlohmann::json::parse(std::ifstream(STRATA_SOURCE_DIR "/configs/grafana-dashboard.json"));
  const std::set<std::string> asked = NamesIn(Queries(dashboard));
  EXPECT_GT(asked.size(), 10u);
  for (const std::string& name : asked) EXPECT_TRUE(served.contains(name)) << name;
  std::ifstream file(STRATA_SOURCE_DIR "/docs/workers.md");
  const std::string documentation{std::istreambuf_iterator<char>(file), {}};
  for (const std::string& name : served) EXPECT_THAT(documentation, HasSubstr(name));
}

}  // namespace
}  // namespace strata::cli

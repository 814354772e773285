#include "cli/report/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "cli/report/run_report_output.h"
#include "search/work_contexts.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using search::StoredCandidate;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class RunReportTest : public ::testing::Test {
 protected:
  RunReportTest() : store_(*search::RunStore::Create(folder_.path())) {
    EXPECT_TRUE(store_->PutProperty(search::kConfigProperty, RunConfigToYaml(RunConfig())).ok());
    EXPECT_TRUE(store_->PutProperty(kBaselineSettingsProperty, "1").ok());
    const std::vector<std::string> texts = {"uniform()", "ramp(depth, 0.1)"};
    for (size_t i = 0; i < texts.size(); ++i) {
      StoredCandidate& candidate = candidates_.emplace_back();
      candidate.id = static_cast<int64_t>(i);
      candidate.text = texts[i];
      candidate.complexity = 1 + static_cast<int>(i);
      candidate.allocation = {0.7 - 0.1 * static_cast<double>(i), 0.7};
      candidate.on_front = true;
    }
    candidates_[0].lineage.origin = "baseline";
    candidates_[0].lineage.name = "uniform";
    candidates_[0].best_of_baseline = true;
    candidates_[0].fitness_nll = 5.51;
    candidates_[1].lineage.origin = "mutation";
    candidates_[1].fitness_nll = 5.35;
  }

  RunReport Report() {
    EXPECT_TRUE(store_->PutCandidates(candidates_).ok());
    auto report = ReadRunReport(folder_.path(), /*with_cost=*/true);
    EXPECT_TRUE(report.ok()) << report.status();
    return *std::move(report);
  }

  // Stores the losses of an allocation by window of the report split, with the context "verify".
  void PutVerified(const expr::Allocation& allocation, const std::vector<double>& window_nll) {
    const search::WorkItem item{0, search::EvaluateWork{.allocation = allocation}};
    search::EvaluateOutcome outcome;
    for (const double nll : window_nll) {
      outcome.mean_nll += nll / static_cast<double>(window_nll.size());
    }
    outcome.achieved_sparsity = 0.7;
    outcome.window_nll = window_nll;
    EXPECT_TRUE(store_->PutOutcome(search::WorkDigest("verify", item), outcome).ok());
  }

  const TemporaryFolder folder_;
  std::unique_ptr<search::RunStore> store_;
  std::vector<StoredCandidate> candidates_;
};

TEST_F(RunReportTest, TheBestIsByFitnessUntilTheSelectionIsComplete) {
  EXPECT_EQ(Report().best->id, 1);
  EXPECT_EQ(DescribeSelection(Report()), "");

  candidates_[0].selection_nll = 5.6;
  const RunReport half = Report();
  EXPECT_EQ(half.best->id, 1) << "uniform is only the finalist that was measured first";
  EXPECT_FALSE(half.is_best_by_selection);
  EXPECT_FALSE(half.best_baseline.has_value());
  EXPECT_THAT(ToTable(half), HasSubstr("The selection is not complete: 1 of 2 finalists"));
  EXPECT_EQ(ToJson(half)["best_by"], "fitness");

  candidates_[1].selection_nll = 5.7;
  const RunReport whole = Report();
  EXPECT_EQ(whole.best->id, 0);
  EXPECT_TRUE(whole.is_best_by_selection);
  EXPECT_EQ(whole.best_baseline->id, 0);
  EXPECT_EQ(DescribeSelection(whole), "");
  EXPECT_EQ(ToJson(whole)["best_by"], "selection");
}

// Three finalists, and each of the three measurements prefers another one.
TEST_F(RunReportTest, OnlyTheSelectionChooses) {
  StoredCandidate third = candidates_[1];
  third.id = 2;
  third.text = "ramp(depth, 0.05)";
  third.allocation = {0.5, 0.9};
  candidates_.push_back(third);
  EXPECT_TRUE(store_->PutProperty(search::kVerifyContextProperty, "verify").ok());
  const double fitness[] = {5.51, 5.35, 5.6};
  const double selection[] = {5.4, 5.5, 5.6};
  const double report[] = {5.9, 5.8, 5.7};
  for (size_t i = 0; i < candidates_.size(); ++i) {
    candidates_[i].fitness_nll = fitness[i];
    candidates_[i].selection_nll = selection[i];
    candidates_[i].report_nll = report[i];
    PutVerified(candidates_[i].allocation, {report[i]});
  }
  const RunReport whole = Report();
  EXPECT_EQ(whole.best->id, 0);
  EXPECT_EQ(ToJson(whole)["best"]["id"], 0);
  std::swap(candidates_[0].selection_nll, candidates_[2].selection_nll);
  EXPECT_EQ(Report().best->id, 2);
  EXPECT_EQ(ToJson(Report())["best"]["id"], 2);
}

TEST_F(RunReportTest, TheDenseModelStandsBesideThePrunedOnes) {
  EXPECT_THAT(ToTable(Report()), ContainsRegex("dense model +- +- +- +0.0000"));
  EXPECT_TRUE(ToJson(Report())["dense"]["report_perplexity"].is_null()) << "a run from before";
  EXPECT_TRUE(store_->PutProperty(search::kDenseFitnessProperty, "3.25").ok());
  EXPECT_TRUE(store_->PutProperty(search::kDenseReportProperty, "3.5").ok());
  const RunReport report = Report();
  EXPECT_THAT(ToTable(report), ContainsRegex("dense model +25.79 +- +33.12 +0.0000"));
  EXPECT_EQ(ToJson(report)["dense"]["fitness_perplexity"], std::exp(3.25));
  EXPECT_TRUE(ToJson(report)["dense"]["selection_perplexity"].is_null());
  EXPECT_EQ(ToJson(report)["dense"]["report_perplexity"], std::exp(3.5));
  EXPECT_TRUE(store_->PutProperty(search::kDenseReportProperty, "much").ok());
  EXPECT_THAT(std::string(ReadRunReport(folder_.path()).status().message()),
              HasSubstr("'dense_report_nll' of the run: expected a number, found \"much\""));
}

TEST_F(RunReportTest, ADivergenceIsShownAsItIs) {
  candidates_[0].fitness_nll = 2.5;
  RunReport report = Report();
  report.config.fitness_measure = evaluator::Measure::kKl;
  report.dense.fitness_nll = 0.0;
  const std::string table = ToTable(report);
  EXPECT_THAT(table, HasSubstr("the fitness is the KL divergence from the dense model"));
  EXPECT_THAT(table, ContainsRegex("dense model +0.0000 +- +- +0.0000"));
  EXPECT_THAT(table, HasSubstr(" 2.5000 "));
  EXPECT_EQ(ToJson(report)["dense"]["fitness_kl"], 0.0);
  EXPECT_FALSE(ToJson(report)["dense"].contains("fitness_perplexity"));
  EXPECT_TRUE(ToJson(report)["dense"].contains("report_perplexity"));
  EXPECT_EQ(ToJson(report)["measurements"]["fitness"]["measure"], "kl");
}

TEST_F(RunReportTest, TheReportHasLossesByWindowAndTheCost) {
  EXPECT_TRUE(store_->PutProperty(search::kVerifyContextProperty, "verify").ok());
  candidates_[0].report_nll = 5.0;
  PutVerified(candidates_[0].allocation, {4.0, 6.0});
  search::RunChanges changes;
  search::RefinedResult& refined = changes.refined.emplace_back();
  refined.allocation = {0.5, 0.9};
  refined.nll = refined.selection_nll = 4;
  refined.report_nll = 3;
  changes.properties = {{search::kRefinedFromProperty, "0"}};
  EXPECT_TRUE(store_->Write(changes).ok());
  EXPECT_TRUE(store_->PutCandidates(candidates_).ok());
  const auto missing = ReadRunReport(folder_.path());
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("of the refinement"));

  PutVerified({0.5, 0.9}, {2.5, 3.5});
  EXPECT_TRUE(store_->AppendEvent(10, "run_started", "{}").ok());
  EXPECT_TRUE(store_->AppendEvent(12, "finished", "{}").ok());
  const auto json = ToJson(Report());
  EXPECT_EQ(json["baselines"][0]["report_window_nll"], (std::vector<double>{4.0, 6.0}));
  EXPECT_TRUE(json["front"][1]["report_window_nll"].is_null());
  EXPECT_EQ(json["refinement"]["best"]["report_window_nll"], (std::vector<double>{2.5, 3.5}));
  EXPECT_FALSE(json["cost"].contains("seconds")) << "reports of the same search are the same";
  EXPECT_TRUE(json["cost"]["tokens"].is_null()) << "the search has not begun";
}

// exp(5.51) is 247, exp(5.35) 211.
TEST_F(RunReportTest, PerplexitiesAboveTheVocabularyAreWorseThanGuessing) {
  EXPECT_THAT(ToTable(Report()), Not(HasSubstr("worse than guessing")));
  EXPECT_TRUE(store_->PutProperty(kVocabularyProperty, "240").ok());
  const std::string table = ToTable(Report());
  EXPECT_THAT(table, HasSubstr("247.15!"));
  EXPECT_THAT(table, HasSubstr("210.61 "));
  EXPECT_THAT(table, HasSubstr("! worse than guessing: the vocabulary has 240 tokens"));
  EXPECT_EQ(ToJson(Report())["vocabulary"], 240);
}

TEST_F(RunReportTest, AFinalistThatFailedTheSelectionIsNotAwaited) {
  candidates_[0].selection_nll = 5.6;
  candidates_[1].failure = "selection: out of memory";
  const RunReport report = Report();
  EXPECT_EQ(report.best->id, 0);
  EXPECT_EQ(report.selected_finalists, 2);
}

}  // namespace
}  // namespace strata::cli

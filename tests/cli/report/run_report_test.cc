#include "cli/report/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/report/run_report_output.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using search::StoredCandidate;
using ::testing::HasSubstr;

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
    auto report = ReadRunReport(folder_.path());
    EXPECT_TRUE(report.ok()) << report.status();
    return *std::move(report);
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

TEST_F(RunReportTest, AFinalistThatFailedTheSelectionIsNotAwaited) {
  candidates_[0].selection_nll = 5.6;
  candidates_[1].failure = "selection: out of memory";
  const RunReport report = Report();
  EXPECT_EQ(report.best->id, 0);
  EXPECT_EQ(report.selected_finalists, 2);
}

}  // namespace
}  // namespace strata::cli

#include "cli/report/verified_outcomes.h"

#include <gtest/gtest.h>

#include "search/work_contexts.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using search::StoredCandidate;

class VerifiedOutcomesTest : public ::testing::Test {
 protected:
  VerifiedOutcomesTest() : store_(*search::RunStore::Create(folder_.path())) {
    EXPECT_TRUE(store_->PutProperty(search::kVerifyContextProperty, "context").ok());
  }

  StoredCandidate Candidate(int64_t id, const expr::Allocation& allocation) {
    StoredCandidate candidate;
    candidate.id = id;
    candidate.allocation = allocation;
    return candidate;
  }

  void Measure(StoredCandidate* candidate, const std::vector<double>& windows) {
    search::EvaluateOutcome outcome;
    for (const double nll : windows) outcome.mean_nll += nll / static_cast<double>(windows.size());
    outcome.window_nll = windows;
    candidate->report_nll = outcome.mean_nll;
    const search::WorkItem task{
        0, search::EvaluateWork{candidate->id, search::Stage::kVerify, candidate->allocation}};
    EXPECT_TRUE(store_->PutOutcome(search::WorkDigest("context", task), outcome).ok());
  }

  const TemporaryFolder folder_;
  std::unique_ptr<search::RunStore> store_;
};

TEST_F(VerifiedOutcomesTest, EveryVerifiedCandidateIsComparedWindowByWindow) {
  std::vector<StoredCandidate> candidates = {Candidate(0, {0.5, 0.5}), Candidate(1, {0.4, 0.6}),
                                             Candidate(2, {0.4, 0.600001}),
                                             Candidate(3, {0.3, 0.7})};
  Measure(&candidates[0], {3, 5});
  Measure(&candidates[1], {2, 5});
  candidates[2].same_as = 1;  // measured as candidate 1, whose bits its own allocation lacks
  candidates[2].report_nll = candidates[1].report_nll;
  const auto outcomes = ReadVerifiedOutcomes(*store_, candidates);
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  const auto differences = CompareWithBaseline(*outcomes, 0);
  ASSERT_EQ(differences.size(), 3u) << "candidate 3 was not measured on the report split";
  EXPECT_EQ(differences.at(0).loss, 0);
  EXPECT_EQ(differences.at(1).loss, -0.5);
  EXPECT_EQ(differences.at(1).interval->low, -1);
  EXPECT_EQ(differences.at(2).loss, -0.5);
  EXPECT_TRUE(CompareWithBaseline(*outcomes, 3).empty());
}

TEST_F(VerifiedOutcomesTest, AMissingMeasurementIsDataLoss) {
  std::vector<StoredCandidate> candidates = {Candidate(0, {0.5}), Candidate(1, {0.4})};
  Measure(&candidates[0], {2, 5});
  candidates[1].report_nll = 3.0;
  EXPECT_EQ(ReadVerifiedOutcomes(*store_, candidates).status().code(), absl::StatusCode::kDataLoss);
  candidates[1].same_as = 7;
  EXPECT_EQ(ReadVerifiedOutcomes(*store_, candidates).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace strata::cli

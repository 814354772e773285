#include "cli/report/candidate_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace strata::cli {
namespace {

using search::StoredCandidate;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Five candidates: verified, measured, failed, the same as candidate 1, and waiting.
std::vector<StoredCandidate> Candidates() {
  std::vector<StoredCandidate> candidates(5);
  for (size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].id = static_cast<int64_t>(i);
    candidates[i].text = "ramp(depth, 0.1)";
    candidates[i].complexity = 2;
    candidates[i].lineage.origin = "mutation";
  }
  candidates[0].text = "uniform()";
  candidates[0].complexity = 1;
  candidates[0].lineage = {"baseline", "uniform", {}};
  candidates[0].fitness_nll = std::log(50.0);
  candidates[0].selection_nll = candidates[0].report_nll = std::log(60.0);
  candidates[1].fitness_nll = candidates[3].fitness_nll = std::log(40.0);
  candidates[1].forecast = search::Forecast{std::log(45.0), 0.1};
  candidates[2].failure = "selection failed: no memory";
  candidates[3].same_as = 1;
  return candidates;
}

std::vector<int64_t> Ids(const std::string& filter) {
  const auto parsed = CandidateFilter::Parse(filter);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  std::vector<int64_t> ids;
  for (const StoredCandidate& candidate : Candidates()) {
    if (parsed.ok() && parsed->Holds(candidate, {})) ids.push_back(candidate.id);
  }
  return ids;
}

std::vector<int64_t> Sorted(const std::string& field, bool descends) {
  std::vector<StoredCandidate> candidates = Candidates();
  SortCandidates(**FindCandidateField(field), descends, {}, &candidates);
  std::vector<int64_t> ids;
  for (const StoredCandidate& candidate : candidates) ids.push_back(candidate.id);
  return ids;
}

std::string Refusal(const std::string& filter) {
  return std::string(CandidateFilter::Parse(filter).status().message());
}

TEST(CandidateQueryTest, TheStateIsTheLastThingThatHappened) {
  std::vector<std::string> states;
  for (const StoredCandidate& candidate : Candidates()) states.push_back(StateOf(candidate));
  EXPECT_THAT(states, ElementsAre("verified", "measured", "failed", "same", "waiting"));
  StoredCandidate candidate;
  candidate.stopped_early = true;
  EXPECT_EQ(StateOf(candidate), "stopped");
  candidate.selection_nll = 3;
  EXPECT_EQ(StateOf(candidate), "selected");
}

TEST(CandidateQueryTest, FiltersCompareNumbersAndTexts) {
  EXPECT_THAT(Ids("fitness<45"), ElementsAre(1, 3));
  EXPECT_THAT(Ids("fitness >= 45"), ElementsAre(0));
  EXPECT_THAT(Ids("id<=1"), ElementsAre(0, 1));
  EXPECT_THAT(Ids("id!=1"), ElementsAre(0, 2, 3, 4));
  EXPECT_THAT(Ids("same_as=1"), ElementsAre(3));
  EXPECT_THAT(Ids("forecast>1"), ElementsAre(1)) << "without a forecast nothing is above 1";
  EXPECT_THAT(Ids("state=failed"), ElementsAre(2));
  EXPECT_THAT(Ids("origin!=mutation"), ElementsAre(0));
  EXPECT_THAT(Ids("expression~depth, 0"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Ids("failure~memory"), ElementsAre(2));
}

TEST(CandidateQueryTest, BadFiltersSayWhatWasExpected) {
  EXPECT_THAT(Refusal("fitness"), HasSubstr("--filter 'fitness': expected FIELD, one of"));
  EXPECT_THAT(Refusal("<4"), HasSubstr("expected FIELD"));
  EXPECT_THAT(Refusal("fitness<"), HasSubstr("expected FIELD"));
  EXPECT_THAT(Refusal("fitnes<4"), AllOf(HasSubstr("no field 'fitnes'"), HasSubstr("'fitness'")));
  EXPECT_THAT(Refusal("fitness<low"), HasSubstr("a number for fitness, found 'low'"));
  EXPECT_THAT(Refusal("fitness~4"), HasSubstr("because fitness is a number"));
  EXPECT_THAT(Refusal("origin<b"), HasSubstr("because origin is a text"));
  EXPECT_THAT(Refusal("state=faild"), HasSubstr("a state of waiting, measured"));
  EXPECT_THAT(Refusal("id!1"), HasSubstr("expected FIELD"));
}

TEST(CandidateQueryTest, CandidatesWithoutAValueAreSortedLast) {
  EXPECT_THAT(Sorted("fitness", false), ElementsAre(1, 3, 0, 2, 4));
  EXPECT_THAT(Sorted("fitness", true), ElementsAre(0, 1, 3, 2, 4));
  EXPECT_THAT(Sorted("id", true), ElementsAre(4, 3, 2, 1, 0));
}

}  // namespace
}  // namespace strata::cli

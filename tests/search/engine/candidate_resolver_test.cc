#include "search/engine/candidate_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/search/simulation.h"

namespace strata::search {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CandidateResolverTest : public ::testing::Test {
 protected:
  CandidateResolverTest() {
    AddScenarios(Aggregate::kMean, &options_);
    scenarios_ = std::make_unique<Scenarios>(options_, SyntheticLayout());
    resolver_ = std::make_unique<CandidateResolver>(scenarios_.get());
  }

  Candidate Resolve(const std::string& text) {
    const auto expression = expr::ParseExpression(text);
    EXPECT_TRUE(expression.ok()) << expression.status();
    Candidate candidate;
    candidate.id = static_cast<int64_t>(known_.size());
    resolver_->Resolve(*expression, expr::RequiredFeatures(*expression), &candidate);
    known_.push_back(candidate);
    return candidate;
  }

  EngineOptions options_ = SmallOptions(1, 10);
  std::unique_ptr<Scenarios> scenarios_;
  std::unique_ptr<CandidateResolver> resolver_;
  std::vector<Candidate> known_;
};

TEST_F(CandidateResolverTest, FeaturesAreMeasuredOnceOnEverySubject) {
  const auto items = resolver_->Ask({"influence", "redundancy"});
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].subject, 0);
  EXPECT_EQ(items[1].subject, 1);
  EXPECT_THAT(items[1].features, ElementsAre("influence", "redundancy"));
  EXPECT_THAT(resolver_->Ask({"influence"}), IsEmpty());
  const auto values = [](int units) {
    return ProfileOutcome{{std::vector<double>(static_cast<size_t>(units), 1.0),
                           std::vector<double>(static_cast<size_t>(units), 2.0)}};
  };
  EXPECT_THAT(*resolver_->Settle(items[0], values(kBlocks)), IsEmpty());
  EXPECT_FALSE(resolver_->AreSettled({"influence"}));
  EXPECT_THAT(*resolver_->Settle(items[1], values(kFurtherBlocks)), IsEmpty());
  EXPECT_TRUE(resolver_->AreSettled({"influence", "redundancy"}));
  EXPECT_EQ(resolver_->table(1).units(), kFurtherBlocks);
}

TEST_F(CandidateResolverTest, AFailureIsTriedAgainOneByOneOnItsSubject) {
  const auto items = resolver_->Ask({"influence", "redundancy"});
  const auto again = resolver_->Settle(items[1], FailedOutcome{"lost"});
  ASSERT_EQ(again->size(), 2u);
  EXPECT_EQ((*again)[1].subject, 1);
  EXPECT_THAT((*again)[1].features, ElementsAre("redundancy"));
  EXPECT_THAT(*resolver_->Settle((*again)[0], FailedOutcome{"lost"}), IsEmpty());
}

TEST_F(CandidateResolverTest, EachPassIsAWorkItemAndWhatTakesLongComesLast) {
  const auto items =
      resolver_->Ask({"alpha", "blockwise(distortion)", "distortion", "redundancy", "stablerank(W)",
                      "var(WX)", "blockwise(var(WX))", "slope", "influence", "median(abslog(WX))",
                      "outliers(5)", "mean(G)", "var(abs(G))", "sensitivity", "mean(W)"});
  std::vector<std::vector<std::string>> of_first;
  for (const ProfileWork& item : items) {
    if (item.subject == 0) of_first.push_back(item.features);
  }
  EXPECT_THAT(of_first,
              ElementsAre(ElementsAre("redundancy", "influence"), ElementsAre("mean(W)"),
                          ElementsAre("var(WX)", "outliers(5)"), ElementsAre("median(abslog(WX))"),
                          ElementsAre("blockwise(var(WX))"), ElementsAre("mean(G)", "var(abs(G))"),
                          ElementsAre("sensitivity"), ElementsAre("alpha", "stablerank(W)"),
                          ElementsAre("slope"), ElementsAre("distortion"),
                          ElementsAre("blockwise(distortion)")));
  EXPECT_EQ(items.size(), 2 * of_first.size());
}

TEST_F(CandidateResolverTest, FeaturesAreCountedOnEverySubject) {
  EXPECT_EQ(resolver_->counts().requested, 0);
  const auto items = resolver_->Ask({"influence", "slope"});
  EXPECT_EQ(resolver_->counts().requested, 4);
  EXPECT_EQ(resolver_->counts().settled, 0);
  EXPECT_THAT(*resolver_->Settle(items[0], FailedOutcome{"lost"}), IsEmpty());
  EXPECT_EQ(resolver_->counts().settled, 1);
}

TEST_F(CandidateResolverTest, AnAllocationInEveryScenarioOrNone) {
  const Candidate candidate = Resolve("ramp(depth, 0.01)");
  EXPECT_EQ(candidate.failure, "");
  ASSERT_EQ(candidate.scenarios.size(), 3u);
  EXPECT_EQ(candidate.scenarios[0].allocation, candidate.allocation);
  EXPECT_EQ(candidate.scenarios[2].allocation.size(), static_cast<size_t>(kFurtherBlocks));
  const auto items = resolver_->Ask({"alpha"});
  EXPECT_TRUE(resolver_
                  ->Settle(items[0],
                           ProfileOutcome{{std::vector<double>(static_cast<size_t>(kBlocks), 1.0)}})
                  .ok());
  EXPECT_TRUE(resolver_->Settle(items[1], FailedOutcome{"no singular values"}).ok());
  const Candidate failed = Resolve("span(alpha, 0.1)");
  EXPECT_THAT(failed.failure, HasSubstr("no singular values"));
  EXPECT_TRUE(failed.allocation.empty());
}

TEST_F(CandidateResolverTest, TheFirstWithTheSameAllocationsIsFound) {
  const Candidate first = Resolve("ramp(depth, 0.01)");
  EXPECT_EQ(resolver_->FindSame(first, known_), std::nullopt);
  const Candidate same = Resolve("ramp(depth, 0.0100000001)");
  EXPECT_EQ(resolver_->FindSame(same, known_), 0);
  const Candidate other = Resolve("ramp(depth, 0.02)");
  EXPECT_EQ(resolver_->FindSame(other, known_), std::nullopt);
}

}  // namespace
}  // namespace strata::search

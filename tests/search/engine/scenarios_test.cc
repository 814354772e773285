#include "search/engine/scenarios.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/search/simulation.h"

namespace strata::search {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(RelativeLoss, OneScenarioIsItself) {
  for (const Aggregate aggregate : {Aggregate::kMean, Aggregate::kWorst, Aggregate::kPareto}) {
    EXPECT_EQ(RelativeLoss({3.25}, {}, aggregate), 3.25);
  }
}

TEST(RelativeLoss, SharesOfTheDamageOfUniform) {
  // Shares 0.5 and 0.75; the first scenario's damage is 2 from a dense loss of 3.
  const std::vector<ReferenceLosses> references = {{3, 5}, {10, 14}};
  EXPECT_DOUBLE_EQ(RelativeLoss({4, 13}, references, Aggregate::kMean), 3 + 2 * 0.625);
  EXPECT_DOUBLE_EQ(RelativeLoss({4, 13}, references, Aggregate::kPareto), 3 + 2 * 0.625);
  EXPECT_DOUBLE_EQ(RelativeLoss({4, 13}, references, Aggregate::kWorst), 3 + 2 * 0.75);
  EXPECT_DOUBLE_EQ(RelativeLoss({5, 14}, references, Aggregate::kMean), 5);
  // Better than dense, and worse than uniform.
  EXPECT_DOUBLE_EQ(RelativeLoss({2, 9}, references, Aggregate::kWorst), 3 + 2 * -0.25);
  EXPECT_DOUBLE_EQ(RelativeLoss({4, 18}, references, Aggregate::kWorst), 3 + 2 * 2.0);
}

class ScenariosTest : public ::testing::Test {
 protected:
  ScenariosTest() {
    AddScenarios(Aggregate::kMean, &options_);
    scenarios_ = std::make_unique<Scenarios>(options_, SyntheticLayout());
  }

  // Dense 1, uniform 3 + scenario.
  void TellReferences(double uniform = 3) {
    for (const EvaluateWork& item : scenarios_->AskForReferences(Stage::kSearch)) {
      const double loss = item.reference == Reference::kDense ? 1 : uniform + item.scenario;
      scenarios_->TellReference(item, EvaluateOutcome{loss, 0.5});
    }
  }

  EngineOptions options_ = SmallOptions(1, 10);
  std::unique_ptr<Scenarios> scenarios_;
};

TEST_F(ScenariosTest, DenseOncePerSubjectUniformOncePerScenario) {
  const auto items = scenarios_->AskForReferences(Stage::kSelect);
  int dense = 0, uniform = 0;
  for (const EvaluateWork& item : items) {
    EXPECT_EQ(item.candidate, -1);
    EXPECT_EQ(item.stage, Stage::kSelect);
    const bool is_dense = item.reference == Reference::kDense;
    const double expected = is_dense             ? 0.0
                            : item.scenario == 0 ? kTarget
                            : item.scenario == 1 ? 0.5
                                                 : 0.6;
    ++(is_dense ? dense : uniform);
    ASSERT_EQ(item.allocation.size(),
              static_cast<size_t>(item.subject == 0 ? kBlocks : kFurtherBlocks));
    for (const double sparsity : item.allocation) EXPECT_NEAR(sparsity, expected, 1e-9);
  }
  EXPECT_EQ(dense, 2);
  EXPECT_EQ(uniform, 3);
  EXPECT_FALSE(scenarios_->HasReferences(Stage::kSearch));
  EXPECT_THAT(scenarios_->References(Stage::kSearch), IsEmpty());
  TellReferences();
  EXPECT_TRUE(scenarios_->HasReferences(Stage::kSearch));
  EXPECT_FALSE(scenarios_->HasReferences(Stage::kSelect));
  EXPECT_EQ(scenarios_->References(Stage::kSearch)[2].uniform, 5);
}

TEST_F(ScenariosTest, ResultsAreCombinedOnceAllCameInAnyOrder) {
  TellReferences();
  const std::vector<expr::Allocation> allocations = {{0.7}, {0.5}, {0.6}};
  const auto items = scenarios_->WorkOf(7, Stage::kSearch, 0, allocations);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[2].subject, 1);
  EXPECT_THAT(items[2].allocation, ElementsAre(0.6));
  const auto tell = [&](size_t i, double nll, double zero_shot_error) {
    return scenarios_->Tell(
        items[i],
        EvaluateOutcome{nll, 0.1 * static_cast<double>(i), {{kZeroShotError, zero_shot_error}}},
        {});
  };
  EXPECT_FALSE(tell(2, 3, 0.3).has_value());
  EXPECT_FALSE(tell(0, 2, 0.1).has_value());
  const auto result = tell(1, 4, 0.2);
  ASSERT_TRUE(result.has_value());
  EXPECT_THAT(result->nll, ElementsAre(2, 4, 3));
  // Shares 1/2, 1 and 1/2 of the damage.
  EXPECT_DOUBLE_EQ(result->combined.mean_nll, 1 + 2 * 2.0 / 3);
  EXPECT_DOUBLE_EQ(result->combined.measures.at(kZeroShotError), 0.2);
  EXPECT_EQ(result->combined.achieved_sparsity, 0);
}

TEST_F(ScenariosTest, AFailureInOneIsAFailure) {
  TellReferences();
  const auto items = scenarios_->WorkOf(7, Stage::kSearch, 0, {{0.7}, {0.5}, {0.6}});
  EXPECT_FALSE(scenarios_->Tell(items[0], EvaluateOutcome{2, 0.7}, {}).has_value());
  EXPECT_FALSE(scenarios_->Tell(items[1], FailedOutcome{"lost"}, {}).has_value());
  const auto result = scenarios_->Tell(items[2], EvaluateOutcome{2, 0.6}, {});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->failure, "scenario 1: lost");
}

TEST_F(ScenariosTest, WithoutDamageThereIsNothingToShare) {
  TellReferences(1.0001);
  EXPECT_THAT(scenarios_->ReferenceFailure(Stage::kSearch), HasSubstr("nothing to gain"));
  EXPECT_THAT(scenarios_->References(Stage::kSearch), IsEmpty());
}

TEST_F(ScenariosTest, AReferenceThatFailsSaysWhich) {
  for (const EvaluateWork& item : scenarios_->AskForReferences(Stage::kSearch)) {
    scenarios_->TellReference(item, item.scenario == 2 && item.reference == Reference::kUniform
                                        ? Outcome(FailedOutcome{"out of luck"})
                                        : Outcome(EvaluateOutcome{2, 0.5}));
  }
  EXPECT_THAT(scenarios_->ReferenceFailure(Stage::kSearch),
              AllOf(HasSubstr("scenario 2"), HasSubstr("uniform"), HasSubstr("out of luck")));
}

TEST(ScenarioReferences, ReadBackExactly) {
  const auto read = ParseScenarioReferences("3.1 5.000000000000001 3.2 5.3\n1 2 3 4\n");
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].select.uniform, 5.000000000000001);
  EXPECT_EQ((*read)[1].verify.dense, 3);
  EXPECT_FALSE(ParseScenarioReferences("3.1 5\n").ok());
}

}  // namespace
}  // namespace strata::search

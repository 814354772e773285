#include "search/strategy/strategy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "expr/blockwise.h"
#include "search/strategy/surrogate.h"
#include "tests/search/simulation.h"

namespace strata::search {
namespace {

constexpr StrategyKind kKinds[] = {StrategyKind::kStrata, StrategyKind::kRandom,
                                   StrategyKind::kHillClimbing, StrategyKind::kDsa};

// Drives a strategy by hand: candidates of one feature table, told as soon as made.
class StrategyTest : public ::testing::Test {
 protected:
  StrategyTest() : table_(SyntheticLayout()) {
    context_.target.sparsity = kTarget;
    context_.features = &table_;
  }

  Candidate Told(Strategy* strategy, const Offspring& offspring,
                 const std::optional<double>& loss) {
    Candidate candidate;
    candidate.id = next_++;
    candidate.text = expr::PrintExpression(offspring.expression);
    const std::vector<std::string> features = expr::RequiredFeatures(offspring.expression);
    for (const std::string& feature : features) {
      if (table_.Find(feature) != nullptr) continue;
      const Outcome outcome = laboratory_.Do({0, ProfileWork{{feature}}});
      EXPECT_TRUE(table_.Add(feature, std::get<ProfileOutcome>(outcome).values[0]).ok());
    }
    const auto allocation = expr::EvaluateAllocation(offspring.expression, table_, context_.target);
    std::optional<Objectives> objectives;
    if (loss && allocation.ok()) {
      objectives = {*loss, static_cast<double>(expr::Complexity(offspring.expression))};
    }
    strategy->AddResult({candidate.id, offspring.expression, features,
                         allocation.ok() ? *allocation : expr::Allocation(), false, objectives});
    return candidate;
  }

  expr::FeatureTable table_;
  StrategyContext context_;
  Laboratory laboratory_;
  int64_t next_ = 0;
};

TEST_F(StrategyTest, NamesAreKnown) {
  for (const StrategyKind kind : kKinds) {
    const StrategyKind* found = FindStrategyKind(NameOf(kind));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found, kind);
  }
  EXPECT_EQ(*FindStrategyKind("evopress"), StrategyKind::kEvoPress);
  EXPECT_EQ(FindStrategyKind("evolution"), nullptr);
}

TEST_F(StrategyTest, OffspringAreNewValidAndNameParentsThatWereTold) {
  for (const StrategyKind kind : kKinds) {
    StrategyOptions options;
    options.kind = kind;
    options.surrogate.proposals = 8;
    const auto strategy = MakeStrategy(options, context_);
    next_ = 0;
    std::set<uint64_t> seen;
    std::set<int64_t> good;
    for (int i = 0; i < 120; ++i) {
      const Offspring child = i < 5 ? strategy->First() : strategy->Breed();
      EXPECT_TRUE(expr::Validate(child.expression).ok());
      EXPECT_EQ(expr::TypeOf(child.expression), expr::ValueType::kAllocation);
      EXPECT_TRUE(seen.insert(expr::CanonicalHash(child.expression)).second)
          << NameOf(kind) << " " << expr::PrintExpression(child.expression);
      for (const int64_t parent : child.lineage.parents) EXPECT_TRUE(good.contains(parent));
      std::optional<double> loss;
      if (i % 4 != 3) {
        loss = 10.0 - 0.01 * (i * 7 % 50);
        good.insert(i);
      }
      Told(strategy.get(), child, loss);
    }
  }
}

TEST_F(StrategyTest, WithoutResultsEverythingIsRandom) {
  for (const StrategyKind kind : kKinds) {
    StrategyOptions options;
    options.kind = kind;
    const auto strategy = MakeStrategy(options, context_);
    EXPECT_EQ(strategy->Breed().lineage.origin, "random");
  }
}

// What the model proposes lies near one of the best; without a radius, not all of it does.
TEST_F(StrategyTest, ProposalsStayWithinTheTrustRadius) {
  for (const double radius : {0.0, 0.02}) {
    StrategyOptions options;
    options.surrogate.unfiltered_share = 0;
    options.surrogate.trust_radius = radius;
    const auto strategy = MakeStrategy(options, context_);
    next_ = 0;
    Surrogate known(options.surrogate, table_.layout(), 1);
    int proposed = 0, outside = 0;
    for (int i = 0; i < 120; ++i) {
      const Offspring child = i < 20 ? strategy->First() : strategy->Breed();
      const auto loss = 5 + 0.001 * static_cast<double>(i * 37 % 100);
      Told(strategy.get(), child, loss);
      const auto allocation = expr::EvaluateAllocation(child.expression, table_, context_.target);
      if (!allocation.ok()) continue;
      if (child.forecast) {
        ++proposed;
        outside += known.DistanceFromBest(*allocation, 24) > 0.02 ? 1 : 0;
      }
      known.Add(*allocation, {loss});
    }
    EXPECT_GT(proposed, 20);
    if (radius > 0) {
      EXPECT_EQ(outside, 0);
    } else {
      EXPECT_GT(outside, 0);
    }
  }
}

// Where units are adjusted, most functions to begin with are published ones with an adjustment.
TEST_F(StrategyTest, FirstFunctionsAreRefinedWhereTheUnitsAreFine) {
  StrategyOptions options;
  options.variation.adjust_weight = 2;
  std::erase(options.variation.excluded, "shift");
  std::erase(options.variation.excluded, "blockwise");
  options.variation.library = {*expr::ParseExpression("span(blockwise(-gini(W)), 0.17)")};
  const auto strategy = MakeStrategy(options, context_);
  const std::vector<std::string> pool = strategy->FeaturePool();
  const std::set<std::string> features(pool.begin(), pool.end());
  int of_blocks = 0;
  for (const std::string& feature : features) {
    const bool is_twin = features.contains(expr::BlockwiseFeature(feature));
    of_blocks += is_twin ? 1 : 0;
  }
  EXPECT_GT(of_blocks, 20);
  int adjusted = 0;
  for (int i = 0; i < 100; ++i) {
    const Offspring first = strategy->First();
    adjusted += expr::OperatorOf(first.expression.op).name == "shift" &&
                first.expression.children[0] == expr::Simplified(options.variation.library[0]);
  }
  EXPECT_GT(adjusted, 50);
  EXPECT_LT(adjusted, 95);
}

TEST_F(StrategyTest, HillClimbingMutatesTheBestAndStartsAgainWithoutProgress) {
  StrategyOptions options;
  options.kind = StrategyKind::kHillClimbing;
  const auto strategy = MakeStrategy(options, context_);
  Told(strategy.get(), strategy->First(), 5.0);
  Told(strategy.get(), strategy->First(), 4.0);
  Told(strategy.get(), strategy->First(), 6.0);
  for (int i = 0; i < 58; ++i) {
    const Offspring child = strategy->Breed();
    ASSERT_EQ(child.lineage.parents, std::vector<int64_t>{1}) << i;
    Told(strategy.get(), child, 4.5);
  }
  Told(strategy.get(), strategy->Breed(), 4.5);
  const Offspring restart = strategy->Breed();
  EXPECT_EQ(restart.lineage.origin, "random");
  Told(strategy.get(), restart, 4.5);
  const int64_t started = next_ - 1;
  EXPECT_EQ(strategy->Breed().lineage.parents, std::vector<int64_t>{started});
}

TEST_F(StrategyTest, DsaStaysInItsGenomesAndKeepsItsAmplitude) {
  StrategyOptions options;
  options.kind = StrategyKind::kDsa;
  options.population = 6;
  const auto strategy = MakeStrategy(options, context_);
  std::map<std::string, int> origins;
  for (int i = 0; i < 200; ++i) {
    const Offspring child = i < 6 ? strategy->First() : strategy->Breed();
    ASSERT_EQ(expr::OperatorOf(child.expression.op).name, "dsa");
    EXPECT_EQ(child.expression.parameters, std::vector<double>{0.08});
    // post-process, at most 2 transforms, reduction, at most 2 pre-processes, source
    EXPECT_LE(expr::Complexity(child.expression), 7);
    ++origins[child.lineage.origin];
    Told(strategy.get(), child, 5 + 0.001 * static_cast<double>(i * 37 % 100));
  }
  EXPECT_GT(origins["crossover"], 40);
  EXPECT_GT(origins["mutation"], 40);
}

}  // namespace
}  // namespace strata::search

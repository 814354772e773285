#include "search/refinement/evopress_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

namespace strata::search {
namespace {

using ::testing::HasSubstr;

const std::vector<int64_t> kParameters = {40000, 90000, 40000, 160000, 40000, 90000, 40000, 40000};

// What is best for every unit, with the same number of zeros as a sparsity of 0.6 everywhere.
constexpr double kBest[] = {0.45, 0.65, 0.6, 0.64, 0.5, 0.575, 0.69, 0.54375};

expr::UnitLayout Layout() { return expr::SquareBlocks(kParameters); }

// A quadratic bowl around kBest. The fewer windows, the more a rung is off, each allocation in its
// own way.
double Loss(const expr::Allocation& allocation, double roughness = 0) {
  double loss = 3;
  double phase = 0;
  for (size_t i = 0; i < allocation.size(); ++i) {
    loss += 20 * std::pow(allocation[i] - kBest[i], 2);
    phase += static_cast<double>(i + 1) * 1000 * allocation[i];
  }
  return loss + roughness * std::sin(phase);
}

RefinementOptions Options() {
  RefinementOptions options;
  options.method = RefinementMethod::kEvoPress;
  options.target.sparsity = 0.6;
  options.evaluations = 60;
  options.evopress.offspring = 16;
  options.evopress.rungs = {{1, 4}, {4, 2}};
  options.evopress.windows = 8;
  return options;
}

std::unique_ptr<EvoPressSearch> Create(const RefinementOptions& options, double sparsity = 0.6) {
  auto search = EvoPressSearch::Create(options, Layout(), expr::Allocation(8, sparsity));
  EXPECT_TRUE(search.ok()) << search.status();
  return *std::move(search);
}

// Measures everything with `workers` at a time, whose results come in an order of their own.
// Returns the number of measurements of each rung.
std::map<int, int> Measure(EvoPressSearch& search, size_t workers, uint64_t order_seed) {
  std::mt19937_64 engine(order_seed);
  std::vector<RefinementRequest> running;
  std::map<int, int> measured;
  while (!search.done()) {
    while (running.size() < workers) {
      const std::optional<RefinementRequest> request = search.Ask();
      if (!request) break;
      EXPECT_FALSE(request->slopes);
      running.push_back(*request);
    }
    if (running.empty()) {
      ADD_FAILURE() << "nothing to do, and not done";
      break;
    }
    const size_t which = engine() % running.size();
    const RefinementRequest request = running[which];
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
    ++measured[request.rung];
    const double roughness = 0.01 * (search.last_rung() - request.rung);
    const expr::Allocation& allocation =
        search.allocations()[static_cast<size_t>(request.id)].allocation;
    EXPECT_TRUE(search.Tell(request.id, Loss(allocation, roughness)).ok());
  }
  EXPECT_FALSE(search.Ask().has_value());
  return measured;
}

const RefinedAllocation& ParentOf(const EvoPressSearch& search) {
  return search.allocations()[static_cast<size_t>(search.parent())];
}

TEST(EvoPressSearchTest, GoesTowardsTheOptimumAndKeepsTheBudgetOfSparsity) {
  RefinementOptions options = Options();
  options.evaluations = 400;
  const auto search = Create(options);
  Measure(*search, 1, 1);
  const expr::Allocation uniform(8, 0.6);
  EXPECT_NEAR(expr::MeanSparsity({std::begin(kBest), std::end(kBest)}, kParameters), 0.6, 1e-12);
  for (const RefinedAllocation& entry : search->allocations()) {
    EXPECT_NEAR(expr::MeanSparsity(entry.allocation, kParameters), 0.6, 1e-12);
    EXPECT_GE(*std::ranges::min_element(entry.allocation), 0.0);
    EXPECT_LE(*std::ranges::max_element(entry.allocation), 0.99);
  }
  EXPECT_LT(*ParentOf(*search).nll - 3, 0.1 * (Loss(uniform) - 3));
  for (const size_t unit : {0, 4}) EXPECT_LT(ParentOf(*search).allocation[unit], 0.55);
  EXPECT_GT(ParentOf(*search).allocation[6], 0.64);
}

TEST(EvoPressSearchTest, ALevelIsTheSameNumberOfWeightsEverywhere) {
  RefinementOptions options = Options();
  options.evopress.levels = 3;
  const auto search = Create(options);
  Measure(*search, 1, 1);
  // The median unit has 40,000 weights, and a level half of 0.4 / 3 of them.
  constexpr double kLevelWeights = 2666;
  for (const RefinedAllocation& entry : search->allocations()) {
    for (size_t unit = 0; unit < kParameters.size(); ++unit) {
      const double levels =
          (entry.allocation[unit] - 0.6) * static_cast<double>(kParameters[unit]) / kLevelWeights;
      EXPECT_NEAR(levels, std::round(levels), 1e-6);
      EXPECT_LE(std::abs(std::round(levels)), 3);
    }
  }
  options.evopress.level_step = 0.25;
  const RefinedAllocation first = Create(options)->allocations()[1];
  double changed = 0;  // in weights
  for (size_t unit = 0; unit < kParameters.size(); ++unit) {
    changed = std::max(
        changed, std::abs(first.allocation[unit] - 0.6) * static_cast<double>(kParameters[unit]));
  }
  EXPECT_NEAR(std::fmod(changed + 1, 10000), 1, 1e-6);
  EXPECT_GE(changed, 9999);
}

TEST(EvoPressSearchTest, FewerAndFewerAreMeasuredOnMoreAndMoreWindows) {
  RefinementOptions options = Options();
  options.evaluations = 1 + 6 * 3;  // the start, and three generations of (16 + 4*4 + 2*8) / 8
  const auto search = Create(options);
  EXPECT_EQ(search->allocations().size(), 17u);
  EXPECT_EQ(search->Ask(), (RefinementRequest{0, false, 2}));
  for (int64_t id = 1; id <= 16; ++id) {
    EXPECT_EQ(search->Ask(), (RefinementRequest{id, false, 0}));
  }
  EXPECT_FALSE(search->Ask().has_value());
  // The higher the number, the lower the loss, but for the last one, which fails.
  for (int64_t id = 1; id < 16; ++id) {
    ASSERT_TRUE(search->Tell(id, 9 - 0.1 * static_cast<double>(id)).ok());
  }
  EXPECT_FALSE(search->Ask().has_value());
  ASSERT_TRUE(search->TellFailure({16, false, 0}, "").ok());
  EXPECT_EQ(search->allocations()[16].failure, "failed without a reason");
  for (const int64_t id : {15, 14, 13, 12}) {
    EXPECT_EQ(search->Ask(), (RefinementRequest{id, false, 1}));
    EXPECT_FALSE(search->TellFailure({id, false, 0}, "another rung").ok());
  }
  for (const int64_t id : {15, 14, 13, 12}) {
    ASSERT_TRUE(search->Tell(id, static_cast<double>(id)).ok());
  }
  for (const int64_t id : {12, 13}) EXPECT_EQ(search->Ask(), (RefinementRequest{id, false, 2}));
  ASSERT_TRUE(search->Tell(12, 5).ok());
  ASSERT_TRUE(search->Tell(13, 4).ok());
  EXPECT_FALSE(search->Ask().has_value());  // the start comes last
  ASSERT_TRUE(search->Tell(0, 4.5).ok());
  EXPECT_EQ(search->parent(), 13);
  EXPECT_EQ(search->Ask()->id, 17);
  EXPECT_EQ(search->allocations()[17].parent, 13);
  EXPECT_FALSE(search->allocations()[11].nll.has_value());
  EXPECT_EQ(search->allocations()[12].nll, 5);
}

TEST(EvoPressSearchTest, TheParentStaysUnlessAnOffspringIsAsGood) {
  RefinementOptions options = Options();
  options.evopress.offspring = 2;
  options.evopress.rungs = {};
  const auto search = Create(options);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(search->Ask().has_value());
  ASSERT_TRUE(search->Tell(0, 4).ok());
  ASSERT_TRUE(search->Tell(1, 4.1).ok());
  ASSERT_TRUE(search->Tell(2, 4.2).ok());
  EXPECT_EQ(search->parent(), 0);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(search->Ask().has_value());
  ASSERT_TRUE(search->Tell(3, 4).ok());
  ASSERT_TRUE(search->Tell(4, 4).ok());
  EXPECT_EQ(search->parent(), 3);
}

TEST(EvoPressSearchTest, TheEvaluationsAreUsedUpAndNeverExceeded) {
  for (const int64_t evaluations : {1, 2, 3, 5, 20, 61}) {
    RefinementOptions options = Options();
    options.evaluations = evaluations;
    const auto search = Create(options);
    const std::map<int, int> measured = Measure(*search, 3, 2);
    int64_t windows = 0;
    for (const auto& [rung, count] : measured)
      windows += count * (rung == 2 ? 8 : rung == 1 ? 4 : 1);
    EXPECT_EQ(windows, search->windows_handed_out());
    EXPECT_LE(windows, evaluations * 8);
    // One more offspring would have needed all three rungs.
    EXPECT_GT(windows, evaluations * 8 - (1 + 4 + 8)) << evaluations;
  }
}

TEST(EvoPressSearchTest, TheSameWhateverTheWorkersAndTheirOrder) {
  const auto one = Create(Options());
  Measure(*one, 1, 1);
  EXPECT_GT(one->generations(), 5);
  for (const uint64_t seed : {2, 3, 4}) {
    const auto many = Create(Options());
    Measure(*many, 4, seed);
    ASSERT_EQ(many->allocations().size(), one->allocations().size());
    for (size_t i = 0; i < one->allocations().size(); ++i) {
      EXPECT_EQ(many->allocations()[i].allocation, one->allocations()[i].allocation) << i;
      EXPECT_EQ(many->allocations()[i].parent, one->allocations()[i].parent) << i;
      EXPECT_EQ(many->allocations()[i].nll, one->allocations()[i].nll) << i;
    }
    EXPECT_EQ(many->parent(), one->parent());
  }
  RefinementOptions options = Options();
  options.seed = 2;
  EXPECT_NE(Create(options)->allocations()[5].allocation, one->allocations()[5].allocation);
}

TEST(EvoPressSearchTest, NoAllocationIsProposedTwice) {
  const auto search = Create(Options());
  Measure(*search, 1, 1);
  std::set<std::string> keys;
  for (const RefinedAllocation& entry : search->allocations()) {
    EXPECT_TRUE(keys.insert(expr::QuantizedKey(entry.allocation)).second) << entry.id;
  }
}

TEST(EvoPressSearchTest, SparsitiesStayOnTheGridOfAGroup) {
  RefinementOptions options = Options();
  options.target.group = 8;
  options.target.sparsity = 0.5;
  const auto search = Create(options, 0.5);
  Measure(*search, 2, 1);
  EXPECT_GT(search->allocations().size(), 50u);
  std::set<size_t> changed;
  for (const RefinedAllocation& entry : search->allocations()) {
    EXPECT_NEAR(expr::MeanSparsity(entry.allocation, kParameters), 0.5, 1e-12);
    for (size_t unit = 0; unit < 8; ++unit) {
      EXPECT_EQ(entry.allocation[unit] * 8, std::round(entry.allocation[unit] * 8));
      if (entry.allocation[unit] != 0.5) changed.insert(unit);
    }
  }
  // 160,000 weights change against 40,000 by one and four levels; 90,000 with its like alone.
  EXPECT_EQ(changed.size(), 8u);
}

TEST(EvoPressSearchTest, EndsWhenNoSwitchIsLeft) {
  RefinementOptions options = Options();
  options.evaluations = 100000;
  options.evopress.levels = 1;
  options.evopress.rungs = {};
  auto search = EvoPressSearch::Create(options, expr::SquareBlocks({40000, 40000, 40000}),
                                       expr::Allocation(3, 0.6));
  ASSERT_TRUE(search.ok()) << search.status();
  while (const auto request = (*search)->Ask()) {
    ASSERT_TRUE((*search)->Tell(request->id, 4).ok());
  }
  EXPECT_TRUE((*search)->done());
  EXPECT_EQ((*search)->allocations().size(), 7u);  // every one of three up, another down
}

TEST(EvoPressSearchTest, RefusesResultsThatNobodyAskedForAndImpossibleOptions) {
  const auto search = Create(Options());
  EXPECT_FALSE(search->Tell(0, 4).ok());
  ASSERT_TRUE(search->Ask().has_value());
  EXPECT_FALSE(search->Tell(1, 4).ok());
  EXPECT_FALSE(search->Tell(0, std::numeric_limits<double>::quiet_NaN()).ok());
  EXPECT_FALSE(search->TellSlopes(0, std::vector<double>(8)).ok());
  EXPECT_FALSE(search->TellFailure({0, true, 2}, "slopes").ok());
  EXPECT_TRUE(search->Tell(0, 4).ok());
  EXPECT_FALSE(search->Tell(0, 4).ok());

  const auto message = [](const std::function<void(RefinementOptions*)>& change) {
    RefinementOptions options = Options();
    change(&options);
    const auto made = EvoPressSearch::Create(options, Layout(), expr::Allocation(8, 0.6));
    EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(made.status().message());
  };
  EXPECT_THAT(message([](auto* o) { o->evopress.offspring = 0; }),
              HasSubstr("offspring: expected at least 1, found 0"));
  EXPECT_THAT(message([](auto* o) { o->evopress.levels = 0; }), HasSubstr("levels"));
  EXPECT_THAT(message([](auto* o) { o->evopress.level_step = 1; }), HasSubstr("level_step"));
  EXPECT_THAT(message([](auto* o) {
                o->evopress.level_step = 0.1;
                o->target.group = 5;
              }),
              HasSubstr("level_step: expected 0 with a group, found 0.1"));
  EXPECT_THAT(message([](auto* o) {
                o->evopress.rungs = {{4, 4}, {4, 2}};
              }),
              HasSubstr("windows of a rung: expected more than 4 and less than 8, found 4"));
  EXPECT_THAT(message([](auto* o) { o->evopress.rungs = {{8, 4}}; }), HasSubstr("found 8"));
  EXPECT_THAT(message([](auto* o) {
                o->evopress.rungs = {{1, 17}};
              }),
              HasSubstr("survivors of a rung: expected from 1 to 16, found 17"));
}

}  // namespace
}  // namespace strata::search

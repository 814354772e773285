#include "search/refinement/refinement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "tests/search/linear_layout.h"

namespace strata::search {
namespace {

using ::testing::HasSubstr;

// Units of different sizes whose loss rises with the fourth power of their sparsity, some faster.
expr::UnitLayout Layout() {
  return expr::SquareBlocks({40000, 90000, 40000, 160000, 40000, 90000, 40000, 40000});
}

constexpr double kSensitivity[] = {4.0, 0.3, 1.0, 0.2, 2.5, 0.6, 0.1, 1.5};

double Loss(const expr::Allocation& allocation) {
  double loss = 3;
  for (size_t i = 0; i < allocation.size(); ++i) {
    loss += kSensitivity[i] * std::pow(allocation[i], 4);
  }
  return loss;
}

RefinementOptions Options() {
  RefinementOptions options;
  options.target.sparsity = 0.6;
  options.evaluations = 60;
  return options;
}

std::unique_ptr<Refinement> Create(const RefinementOptions& options) {
  auto refinement = Refinement::Create(options, Layout(), expr::Allocation(8, 0.6));
  EXPECT_TRUE(refinement.ok()) << refinement.status();
  return *std::move(refinement);
}

std::vector<double> Slopes(const expr::Allocation& allocation) {
  std::vector<double> slopes;
  for (size_t i = 0; i < allocation.size(); ++i) {
    slopes.push_back(4 * kSensitivity[i] * std::pow(allocation[i], 3));
  }
  return slopes;
}

// Of the next allocation, whose loss is asked for.
std::optional<int64_t> AskLoss(Refinement& refinement) {
  const std::optional<RefinementRequest> request = refinement.Ask();
  if (!request) return std::nullopt;
  EXPECT_FALSE(request->slopes);
  return request->id;
}

// Tells results in an order of its own, with `workers` at a time.
void Measure(Refinement& refinement, size_t workers, uint64_t order_seed) {
  std::mt19937_64 engine(order_seed);
  std::vector<RefinementRequest> running;
  while (!refinement.done()) {
    while (running.size() < workers) {
      const std::optional<RefinementRequest> request = refinement.Ask();
      if (!request.has_value()) break;
      running.push_back(*request);
    }
    ASSERT_FALSE(running.empty());
    const size_t which = engine() % running.size();
    const RefinementRequest request = running[which];
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
    const expr::Allocation allocation =
        refinement.allocations()[static_cast<size_t>(request.id)].allocation;
    ASSERT_TRUE(request.slopes ? refinement.TellSlopes(request.id, Slopes(allocation)).ok()
                               : refinement.Tell(request.id, Loss(allocation)).ok());
  }
}

TEST(RefinementTest, FindsWhatAFunctionCannotSayWithinTheBudget) {
  const auto refinement = Create(Options());
  Measure(*refinement, 1, 1);
  ASSERT_EQ(refinement->allocations().size(), 60u);
  const std::vector<int64_t> parameters = expr::ParametersOf(Layout());
  for (const RefinedAllocation& entry : refinement->allocations()) {
    EXPECT_NEAR(expr::MeanSparsity(entry.allocation, parameters), 0.6, 1e-12);
    EXPECT_GE(*std::ranges::min_element(entry.allocation), 0.0);
    EXPECT_LE(*std::ranges::max_element(entry.allocation), 0.99);
  }
  const RefinedAllocation& best =
      refinement->allocations()[static_cast<size_t>(*refinement->best())];
  // The optimum, where every unit's loss rises equally with its zeros, has a loss of 3.3055;
  // uniform has 4.3219.
  EXPECT_NEAR(Loss(expr::Allocation(8, 0.6)), 4.3219, 1e-4);
  EXPECT_LT(*best.nll, 3.31);
}

TEST(RefinementTest, TheSameWhateverTheWorkersAndTheirOrder) {
  RefinementOptions options = Options();
  options.lag = 6;
  const auto one = Create(options);
  Measure(*one, 1, 1);
  for (const uint64_t seed : {2, 3, 4}) {
    const auto many = Create(options);
    Measure(*many, 5, seed);
    ASSERT_EQ(many->allocations().size(), one->allocations().size());
    for (size_t i = 0; i < one->allocations().size(); ++i) {
      EXPECT_EQ(many->allocations()[i].allocation, one->allocations()[i].allocation) << i;
      EXPECT_EQ(many->allocations()[i].parent, one->allocations()[i].parent) << i;
    }
    EXPECT_EQ(many->best(), one->best());
  }
  options.seed = 2;
  const auto other = Create(options);
  Measure(*other, 1, 1);
  EXPECT_NE(other->allocations()[5].allocation, one->allocations()[5].allocation);
}

TEST(RefinementTest, LearnsOnlyFromWhatLiesTheLagBehind) {
  RefinementOptions options = Options();
  options.lag = 3;
  const auto refinement = Create(options);
  Measure(*refinement, 3, 7);
  for (const RefinedAllocation& entry : refinement->allocations()) {
    EXPECT_LE(entry.parent, std::max<int64_t>(0, entry.id - 3));
  }
  const auto waiting = Create(options);
  ASSERT_TRUE(AskLoss(*waiting).has_value());
  // Nothing is learned before the start's loss.
  EXPECT_FALSE(AskLoss(*waiting).has_value());
  ASSERT_TRUE(waiting->Tell(0, 4).ok());
  EXPECT_EQ(AskLoss(*waiting), 1);
  EXPECT_EQ(AskLoss(*waiting), 2);
  EXPECT_EQ(AskLoss(*waiting), 3);
  EXPECT_FALSE(AskLoss(*waiting).has_value());
}

TEST(RefinementTest, SparsitiesStayOnTheGridOfAGroup) {
  RefinementOptions options = Options();
  options.target.group = 8;
  options.target.sparsity = 0.5;
  options.largest_step = 0.3;
  auto refinement = Refinement::Create(options, Layout(), expr::Allocation(8, 0.5));
  ASSERT_TRUE(refinement.ok()) << refinement.status();
  Measure(**refinement, 1, 1);
  EXPECT_GT((*refinement)->allocations().size(), 20u);
  const std::vector<int64_t> parameters = expr::ParametersOf(Layout());
  for (const RefinedAllocation& entry : (*refinement)->allocations()) {
    for (const double sparsity : entry.allocation)
      EXPECT_EQ(sparsity * 8, std::round(sparsity * 8));
    EXPECT_NEAR(expr::MeanSparsity(entry.allocation, parameters), 0.5, 1e-12);
  }
}

TEST(RefinementTest, FailuresAreNoParentsAndCostAnEvaluationEach) {
  const auto refinement = Create(Options());
  int64_t count = 0;
  while (const std::optional<int64_t> id = AskLoss(*refinement)) {
    ++count;
    if (*id % 3 == 1) {
      ASSERT_TRUE(refinement->TellFailure({*id, false}, "").ok());
    } else {
      const auto& allocation = refinement->allocations()[static_cast<size_t>(*id)].allocation;
      ASSERT_TRUE(refinement->Tell(*id, Loss(allocation)).ok());
    }
  }
  EXPECT_EQ(count, 60);
  EXPECT_TRUE(refinement->done());
  for (const RefinedAllocation& entry : refinement->allocations()) {
    if (entry.id == 0) continue;
    EXPECT_TRUE(refinement->allocations()[static_cast<size_t>(entry.parent)].nll.has_value());
  }
  EXPECT_EQ(refinement->allocations()[1].failure, "failed without a reason");

  const auto hopeless = Create(Options());
  while (const std::optional<int64_t> id = AskLoss(*hopeless)) {
    ASSERT_TRUE(hopeless->TellFailure({*id, false}, "no memory").ok());
  }
  EXPECT_TRUE(hopeless->done());
  EXPECT_EQ(hopeless->best(), std::nullopt);
}

TEST(RefinementTest, EndsWhereNoSwitchIsPossible) {
  RefinementOptions options = Options();
  options.target = {.sparsity = 0.6, .minimum = 0.6, .maximum = 0.6, .group = 0};
  const auto refinement = Create(options);
  ASSERT_EQ(AskLoss(*refinement), 0);
  ASSERT_TRUE(refinement->Tell(0, 4).ok());
  EXPECT_EQ(AskLoss(*refinement), std::nullopt);
  EXPECT_TRUE(refinement->done());
  EXPECT_EQ(refinement->best(), 0);
}

TEST(RefinementTest, ResultsThatCannotBeAreRefused) {
  const auto refinement = Create(Options());
  EXPECT_FALSE(refinement->Tell(0, 4).ok());
  ASSERT_EQ(AskLoss(*refinement), 0);
  EXPECT_FALSE(refinement->Tell(0, std::numeric_limits<double>::quiet_NaN()).ok());
  EXPECT_TRUE(refinement->Tell(0, 4).ok());
  EXPECT_FALSE(refinement->Tell(0, 4).ok());
  EXPECT_FALSE(refinement->TellFailure({0, false}, "late").ok());
  EXPECT_FALSE(refinement->Tell(-1, 4).ok());
}

TEST(RefinementTest, ImpossibleOptionsAndStartsAreNamed) {
  const auto error = [](const RefinementOptions& options, const expr::Allocation& start) {
    const auto refinement = Refinement::Create(options, Layout(), start);
    EXPECT_EQ(refinement.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(refinement.status().message());
  };
  const expr::Allocation uniform(8, 0.6);
  EXPECT_THAT(error(Options(), expr::Allocation(7, 0.6)),
              HasSubstr("expected a start of 8 sparsities, found 7"));
  expr::Allocation outside = uniform;
  outside[3] = 1.5;
  EXPECT_THAT(error(Options(), outside), HasSubstr("unit 3: expected a sparsity from 0 to 0.99"));
  RefinementOptions options = Options();
  options.target.group = 4;
  EXPECT_THAT(error(options, uniform), HasSubstr("unit 0: expected a multiple of 1/4"));
  options = Options();
  options.evaluations = 0;
  EXPECT_THAT(error(options, uniform), HasSubstr("evaluations: expected at least 1, found 0"));
  options = Options();
  options.lag = 0;
  EXPECT_THAT(error(options, uniform), HasSubstr("lag"));
  options = Options();
  options.largest_step = 0.001;
  EXPECT_THAT(error(options, uniform), HasSubstr("largest_step"));
  options = Options();
  options.unranked_share = 1.5;
  EXPECT_THAT(error(options, uniform), HasSubstr("unranked_share"));
}

RefinementOptions WithSlopes(int64_t evaluations) {
  RefinementOptions options = Options();
  options.evaluations = evaluations;
  options.slopes = true;
  return options;
}

TEST(RefinementTest, DescendsAlongSlopes) {
  const auto switches = Create([] {
    RefinementOptions options = Options();
    options.evaluations = 30;
    return options;
  }());
  Measure(*switches, 1, 1);
  const auto descent = Create(WithSlopes(30));
  Measure(*descent, 1, 1);
  const auto best = [](const Refinement& refinement) {
    return *refinement.allocations()[static_cast<size_t>(*refinement.best())].nll;
  };
  // The optimum is 3.3055, uniform 4.3219.
  EXPECT_LT(best(*descent), 3.315);
  EXPECT_LT(best(*descent), best(*switches));
  EXPECT_GT(descent->slopes_measured(), 2);
  EXPECT_EQ(static_cast<int64_t>(descent->allocations().size()) + descent->slopes_measured(), 30);
  const std::vector<int64_t> parameters = expr::ParametersOf(Layout());
  for (const RefinedAllocation& entry : descent->allocations()) {
    EXPECT_NEAR(expr::MeanSparsity(entry.allocation, parameters), 0.6, 1e-12);
  }
}

TEST(RefinementTest, ADescentIsTheSameWhateverTheWorkersAndTheirOrder) {
  const auto one = Create(WithSlopes(50));
  Measure(*one, 1, 1);
  for (const uint64_t seed : {2, 3, 4}) {
    const auto other = Create(WithSlopes(50));
    Measure(*other, 5, seed);
    ASSERT_EQ(other->allocations().size(), one->allocations().size());
    for (size_t i = 0; i < one->allocations().size(); ++i) {
      EXPECT_EQ(other->allocations()[i].allocation, one->allocations()[i].allocation) << i;
      EXPECT_EQ(other->allocations()[i].parent, one->allocations()[i].parent) << i;
    }
  }
}

// A loss without slopes to go down: the start is the optimum for all that they say.
TEST(RefinementTest, SwitchesFollowWhereStepsGiveNothing) {
  const auto refinement = Create(WithSlopes(40));
  int64_t switches = 0;
  while (const std::optional<RefinementRequest> request = refinement->Ask()) {
    if (request->slopes) {
      ASSERT_TRUE(refinement->TellSlopes(request->id, {1, -1, 1, -1, 1, -1, 1, -1}).ok());
      continue;
    }
    const auto& entry = refinement->allocations()[static_cast<size_t>(request->id)];
    ASSERT_TRUE(refinement->Tell(request->id, request->id == 0 ? 3 : 4).ok());
    if (entry.parent == 0) ++switches;
  }
  EXPECT_TRUE(refinement->done());
  EXPECT_EQ(refinement->slopes_measured(), 1);
  EXPECT_EQ(switches, 38);  // and steps, all from the start
}

TEST(RefinementTest, ADescentWithoutSlopesSaysWhyAndGoesOnWithSwitches) {
  const auto refinement = Create(WithSlopes(20));
  int64_t losses = 0;
  while (const std::optional<RefinementRequest> request = refinement->Ask()) {
    if (request->slopes) {
      ASSERT_TRUE(refinement->TellFailure(*request, "no memory").ok());
      continue;
    }
    ++losses;
    const auto& allocation = refinement->allocations()[static_cast<size_t>(request->id)].allocation;
    ASSERT_TRUE(refinement->Tell(request->id, Loss(allocation)).ok());
  }
  EXPECT_TRUE(refinement->done());
  EXPECT_EQ(refinement->slope_failure(), "no memory");
  EXPECT_EQ(losses, 19);
}

TEST(RefinementTest, StepsStayOnTheGridOfAGroup) {
  RefinementOptions options = WithSlopes(30);
  options.target.group = 8;
  options.target.sparsity = 0.5;
  auto refinement = Refinement::Create(options, Layout(), expr::Allocation(8, 0.5));
  ASSERT_TRUE(refinement.ok()) << refinement.status();
  Measure(**refinement, 1, 1);
  EXPECT_LT((*refinement)->allocations()[static_cast<size_t>(*(*refinement)->best())].nll,
            Loss(expr::Allocation(8, 0.5)));
  for (const RefinedAllocation& entry : (*refinement)->allocations()) {
    for (const double sparsity : entry.allocation)
      EXPECT_EQ(sparsity * 8, std::round(sparsity * 8));
  }
}

TEST(RefinementTest, SlopesThatCannotBeAreRefused) {
  const auto refinement = Create(WithSlopes(20));
  EXPECT_FALSE(refinement->TellSlopes(0, std::vector<double>(8, 1)).ok());
  ASSERT_EQ(refinement->Ask(), (RefinementRequest{0, false}));
  ASSERT_EQ(refinement->Ask(), (RefinementRequest{0, true}));
  EXPECT_EQ(refinement->Ask(), std::nullopt);
  std::vector<double> slopes(7, 1);
  EXPECT_FALSE(refinement->TellSlopes(0, slopes).ok());
  slopes.push_back(std::numeric_limits<double>::infinity());
  EXPECT_FALSE(refinement->TellSlopes(0, slopes).ok());
  slopes.back() = 2;
  EXPECT_TRUE(refinement->TellSlopes(0, slopes).ok());
  EXPECT_FALSE(refinement->TellSlopes(0, slopes).ok());
  EXPECT_FALSE(refinement->TellFailure({0, true}, "late").ok());
  // A line waits for the loss it begins with.
  EXPECT_EQ(refinement->Ask(), std::nullopt);
  EXPECT_TRUE(refinement->Tell(0, 4).ok());
  EXPECT_EQ(refinement->Ask(), (RefinementRequest{1, false}));
}

// Of 84 linears, query linears bear more and value linears less, beside what each does on its own.
// How far 80 allocations come on the way from uniform to the optimum, over six such landscapes.
TEST(RefinementTest, MovesWholeRolesTogether) {
  const expr::UnitLayout layout = Linears(12);
  const std::vector<double> weights = expr::WeightsOf(expr::ParametersOf(layout));
  double way = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    RefinementOptions options = Options();
    options.evaluations = 80;
    options.seed = seed;
    std::mt19937_64 random(77 * seed);
    std::normal_distribution<double> normal(0, 0.3);
    // Unit u adds weight x sensitivity x exp(5 (s - 0.6)), so that at the optimum the sum is exp of
    // the mean of the logarithms of the sensitivities.
    std::vector<double> sensitivity;
    double mean_logarithm = 0;
    for (size_t u = 0; u < layout.size(); ++u) {
      const double of_role = layout[u].role == expr::LinearRole::kValue   ? 4.0
                             : layout[u].role == expr::LinearRole::kQuery ? 0.25
                                                                          : 1.0;
      sensitivity.push_back(of_role * std::exp(normal(random)));
      mean_logarithm += weights[u] * std::log(sensitivity[u]);
    }
    const auto loss = [&](const expr::Allocation& allocation) {
      double sum = 3;
      for (size_t u = 0; u < layout.size(); ++u) {
        sum += weights[u] * sensitivity[u] * std::exp(5 * (allocation[u] - 0.6));
      }
      return sum;
    };
    auto refinement = Refinement::Create(options, layout, expr::Allocation(layout.size(), 0.6));
    ASSERT_TRUE(refinement.ok()) << refinement.status();
    while (const std::optional<int64_t> id = AskLoss(**refinement)) {
      const expr::Allocation& allocation =
          (*refinement)->allocations()[static_cast<size_t>(*id)].allocation;
      EXPECT_NEAR(expr::MeanSparsity(allocation, expr::ParametersOf(layout)), 0.6, 1e-12);
      ASSERT_TRUE((*refinement)->Tell(*id, loss(allocation)).ok());
    }
    const std::vector<RefinedAllocation>& all = (*refinement)->allocations();
    const double best = *all[static_cast<size_t>(*(*refinement)->best())].nll;
    const double start = *all.front().nll;
    way += (start - best) / (start - 3 - std::exp(mean_logarithm)) / 6;
  }
  // Switches between single linears come 0.47 of the way, slabs 0.65.
  EXPECT_GT(way, 0.57);
}

}  // namespace
}  // namespace strata::search

#include "pruning/level_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace strata::pruning {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

LevelGrid Grid(const std::string& text) { return *LevelGrid::Parse(text); }

struct Case {
  std::vector<double> levels;
  std::vector<int64_t> parameters;
  std::vector<double> wanted;
};

// Draws by arithmetic on the generator's numbers, so that every platform draws the same.
class Draw {
 public:
  explicit Draw(uint32_t seed) : generator_(seed) {}
  int64_t Integer(int64_t count) { return static_cast<int64_t>(generator_() % count); }
  double Real() { return static_cast<double>(generator_()) / 4294967296.0; }

 private:
  std::mt19937 generator_;
};

Case SmallCase(Draw& draw) {
  Case made;
  const int64_t levels = 1 + draw.Integer(5);
  while (static_cast<int64_t>(made.levels.size()) < levels) {
    const double level = static_cast<double>(draw.Integer(40)) / 40;
    if (std::find(made.levels.begin(), made.levels.end(), level) == made.levels.end()) {
      made.levels.push_back(level);
    }
  }
  std::sort(made.levels.begin(), made.levels.end());
  const int64_t linears = 1 + draw.Integer(6);
  for (int64_t i = 0; i < linears; ++i) {
    made.parameters.push_back(1 + draw.Integer(30));
    made.wanted.push_back(0.999 * draw.Real());
  }
  return made;
}

struct Best {
  double squared_distance = std::numeric_limits<double>::infinity();
  double nearest_mean = 0;
  double nearest_distance = std::numeric_limits<double>::infinity();
};

// Every choice, one after the other.
Best BruteForce(const Case& of, double tolerance) {
  double weight = 0;
  double wanted = 0;
  for (size_t i = 0; i < of.wanted.size(); ++i) {
    weight += static_cast<double>(of.parameters[i]);
    wanted += static_cast<double>(of.parameters[i]) * of.wanted[i];
  }
  wanted /= weight;
  Best best;
  std::vector<size_t> choice(of.wanted.size(), 0);
  while (true) {
    double mean = 0;
    double squared = 0;
    for (size_t i = 0; i < choice.size(); ++i) {
      const double level = of.levels[choice[i]];
      const auto size = static_cast<double>(of.parameters[i]);
      mean += size * level / weight;
      squared += size * (level - of.wanted[i]) * (level - of.wanted[i]) / weight;
    }
    const double distance = std::fabs(mean - wanted);
    if (distance <= tolerance) best.squared_distance = std::min(best.squared_distance, squared);
    if (distance < best.nearest_distance) {
      best.nearest_distance = distance;
      best.nearest_mean = mean;
    }
    size_t place = 0;
    while (place < choice.size() && ++choice[place] == of.levels.size()) choice[place++] = 0;
    if (place == choice.size()) return best;
  }
}

TEST(LevelChoiceTest, IsTheBestOfAllChoices) {
  Draw draw(7);
  int fitting = 0;
  int moved = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    const Case made = SmallCase(draw);
    // Small enough that no two sums are taken for one.
    const double tolerance = 0.001 + 0.02 * draw.Real();
    int64_t all = 0;
    for (const int64_t size : made.parameters) all += size;
    const auto grid = LevelGrid::Create(made.levels);
    ASSERT_TRUE(grid.ok()) << grid.status();
    const bool exact = tolerance * static_cast<double>(all * grid->denominator()) < 32;
    const Best best = BruteForce(made, tolerance);
    const auto choice = ChooseLevels(*grid, made.parameters, made.wanted, tolerance);
    if (best.squared_distance == std::numeric_limits<double>::infinity()) {
      EXPECT_EQ(choice.status().code(), absl::StatusCode::kOutOfRange) << trial;
      continue;
    }
    ASSERT_TRUE(choice.ok()) << trial << ": " << choice.status();
    ++fitting;
    EXPECT_LE(std::fabs(choice->mean - choice->mean_wanted), tolerance + 1e-12) << trial;
    EXPECT_GE(choice->squared_distance, best.squared_distance - 1e-12) << trial;
    if (exact) {
      EXPECT_NEAR(choice->squared_distance, best.squared_distance, 1e-12) << trial;
    } else {
      EXPECT_LE(choice->squared_distance, best.squared_distance + tolerance) << trial;
    }
    double mean = 0;
    double nearest = 0;
    for (size_t i = 0; i < made.wanted.size(); ++i) {
      const double level = made.levels[choice->levels[i]];
      mean += static_cast<double>(made.parameters[i]) * level / static_cast<double>(all);
      double least = 1;
      for (const double other : made.levels) {
        least = std::min(least, std::fabs(other - made.wanted[i]));
      }
      nearest = std::max(nearest, std::fabs(level - made.wanted[i]) - least);
    }
    EXPECT_NEAR(mean, choice->mean, 1e-12) << trial;
    moved += nearest > 1e-12;
  }
  // The cases are worth something: many fit, and often the nearest levels do not.
  EXPECT_GT(fitting, 1000);
  EXPECT_GT(moved, 300);
}

// The linears of 30 blocks of SmolLM2-135M, at one random sparsity per block; no levels.
Case SmolLm2Case(Draw& draw) {
  Case made;
  for (int block = 0; block < 30; ++block) {
    const double sparsity = 0.45 + 0.45 * draw.Real();
    for (const int64_t size : {331776, 110592, 110592, 331776, 884736, 884736, 884736}) {
      made.parameters.push_back(size);
      made.wanted.push_back(sparsity);
    }
  }
  return made;
}

// The least squared distance of a mean within 1e-4, from the best of every sum, with nothing left
// out. Sizes are multiples of 110,592 and levels of 1/20.
double LeastSquaredDistance(const Case& of) {
  std::vector<double> best = {0};
  double weight = 0;
  double wanted = 0;
  for (size_t i = 0; i < of.wanted.size(); ++i) {
    const int64_t size = of.parameters[i] / 110'592;
    weight += static_cast<double>(size);
    wanted += static_cast<double>(size) * of.wanted[i];
    std::vector<double> next(best.size() + 19 * size, std::numeric_limits<double>::infinity());
    for (size_t sum = 0; sum < best.size(); ++sum) {
      for (int64_t level = 0; level < 20; ++level) {
        const double distance = static_cast<double>(level) / 20 - of.wanted[i];
        double& cost = next[sum + level * size];
        cost = std::min(cost, best[sum] + static_cast<double>(size) * distance * distance);
      }
    }
    best = std::move(next);
  }
  double least = std::numeric_limits<double>::infinity();
  for (size_t sum = 0; sum < best.size(); ++sum) {
    if (std::fabs(static_cast<double>(sum) / 20 - wanted) <= 1e-4 * weight) {
      least = std::min(least, best[sum]);
    }
  }
  return least / weight;
}

TEST(LevelChoiceTest, IsTheBestForAWholeModel) {
  Draw draw(5);
  for (int trial = 0; trial < 5; ++trial) {
    const Case made = SmolLm2Case(draw);
    const auto choice = ChooseLevels(Grid("0:0.95:0.05"), made.parameters, made.wanted);
    ASSERT_TRUE(choice.ok()) << choice.status();
    EXPECT_NEAR(choice->squared_distance, LeastSquaredDistance(made), 1e-12);
  }
}

TEST(LevelChoiceTest, SmallLinearsFineTuneTheMeanOfAllocationsByBlock) {
  Draw draw(11);
  for (int trial = 0; trial < 50; ++trial) {
    const Case made = SmolLm2Case(draw);
    const auto choice = ChooseLevels(Grid("0:0.95:0.05"), made.parameters, made.wanted);
    ASSERT_TRUE(choice.ok()) << choice.status();
    EXPECT_LE(std::fabs(choice->mean - choice->mean_wanted), 1e-4);
    // No farther than nearest levels are on average, but for the few linears that were moved.
    EXPECT_LT(choice->squared_distance, 0.05 * 0.05 / 12 * 1.5);
  }
}

TEST(LevelChoiceTest, SparsitiesThatAreLevelsAreKept) {
  const std::vector<int64_t> parameters = {3, 1, 8, 8};
  const std::vector<double> wanted = {0.7, 0.05, 0.95, 0.0};
  const auto choice = ChooseLevels(Grid("0:0.95:0.05"), parameters, wanted);
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_THAT(choice->levels, ElementsAre(14, 1, 19, 0));
  EXPECT_EQ(choice->squared_distance, 0);
  EXPECT_DOUBLE_EQ(choice->mean, choice->mean_wanted);
}

TEST(LevelChoiceTest, AMeanThatCannotBeHadIsRefusedWithTheNearest) {
  const std::vector<int64_t> parameters = {1, 1};
  const std::vector<double> wanted = {0.6, 0.6};
  const auto choice = ChooseLevels(Grid("0,0.25,0.5,0.75"), parameters, wanted);
  EXPECT_EQ(choice.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(choice.status().message()), HasSubstr("0.0001"));
  EXPECT_THAT(std::string(choice.status().message()), HasSubstr("0.600000"));
  EXPECT_THAT(std::string(choice.status().message()), HasSubstr("0.625000"));
  // Above what the grid has.
  const std::vector<double> high = {0.9, 0.9};
  EXPECT_THAT(std::string(ChooseLevels(Grid("0.1,0.5"), parameters, high).status().message()),
              HasSubstr("0.500000"));
}

TEST(LevelChoiceTest, TheNearestMeanIsThatOfAllChoices) {
  Draw draw(23);
  int refused = 0;
  for (int trial = 0; trial < 500; ++trial) {
    const Case made = SmallCase(draw);
    const auto choice = ChooseLevels(*LevelGrid::Create(made.levels), made.parameters, made.wanted);
    if (choice.ok()) continue;
    ++refused;
    const Best best = BruteForce(made, 1e-4);
    const std::string message(choice.status().message());
    const size_t at = message.find("can have is ");
    ASSERT_NE(at, std::string::npos) << message;
    const double nearest = std::stod(message.substr(at + 12));
    double wanted = best.nearest_mean + best.nearest_distance;
    if (std::fabs(nearest - best.nearest_mean) > 2e-6) {
      // Of two that are as near, either.
      EXPECT_NEAR(std::fabs(nearest - wanted), best.nearest_distance, 2e-6) << message;
    }
  }
  EXPECT_GT(refused, 200);
}

TEST(LevelChoiceTest, BadInputIsRefused) {
  const LevelGrid grid = Grid("0,0.5");
  const std::vector<int64_t> two = {1, 1};
  const std::vector<int64_t> zero = {1, 0};
  const auto code = [&](std::span<const int64_t> parameters, std::vector<double> wanted) {
    return ChooseLevels(grid, parameters, wanted).status().code();
  };
  EXPECT_EQ(code({}, {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(two, {0.5}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(zero, {0.5, 0.5}), absl::StatusCode::kInvalidArgument);
  for (const double sparsity : {-0.1, 1.0, std::nan("")}) {
    EXPECT_EQ(code(two, {0.5, sparsity}), absl::StatusCode::kInvalidArgument) << sparsity;
  }
}

}  // namespace
}  // namespace strata::pruning

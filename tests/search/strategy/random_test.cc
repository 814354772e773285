#include "search/strategy/random.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace strata::search {
namespace {

TEST(Random, SameSeedSameNumbersOtherSeedOthers) {
  const auto a = MakeRandomGenerator(3), b = MakeRandomGenerator(3), c = MakeRandomGenerator(4);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t below = a->Below(1000000);
    EXPECT_EQ(below, b->Below(1000000));
    differs |= below != c->Below(1000000);
    EXPECT_EQ(a->Uniform(-1, 2), b->Uniform(-1, 2));
    EXPECT_EQ(a->Normal(), b->Normal());
  }
  EXPECT_TRUE(differs);
}

// The standard fixes std::mt19937_64 bit by bit; Uniform(0, 1) is its output divided by 2^64.
TEST(Random, UniformIsTheTwisterOfTheStandard) {
  std::mt19937_64 twister(42);
  const auto random = MakeRandomGenerator(42);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(random->Uniform(0, 1), static_cast<double>(twister()) / 18446744073709551616.0);
  }
}

TEST(Random, StaysWithinItsBounds) {
  const auto random = MakeRandomGenerator(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) {
    const uint64_t below = random->Below(7);
    ASSERT_LT(below, 7u);
    ++counts[below];
    const double uniform = random->Uniform(-2, 5);
    ASSERT_GE(uniform, -2);
    ASSERT_LT(uniform, 5);
  }
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);
}

TEST(Random, NormalHasItsMoments) {
  const auto random = MakeRandomGenerator(2);
  double sum = 0, squares = 0;
  constexpr int kCount = 100000;
  for (int i = 0; i < kCount; ++i) {
    const double value = random->Normal();
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.02);
  EXPECT_NEAR(squares / kCount, 1, 0.02);
}

TEST(Random, EmptyRangesEnd) {
  const auto random = MakeRandomGenerator(1);
  EXPECT_EQ(random->Below(1), 0u);
  EXPECT_EQ(random->Uniform(3, 3), 3);
}

}  // namespace
}  // namespace strata::search

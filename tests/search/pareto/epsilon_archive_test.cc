#include "search/pareto/epsilon_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace strata::search {
namespace {

std::vector<int64_t> Ids(const EpsilonArchive& archive) {
  std::vector<int64_t> ids;
  for (const auto& member : archive.members()) ids.push_back(member.id);
  return ids;
}

TEST(EpsilonArchive, KeepsWhatNoneDominates) {
  EpsilonArchive archive({0, 0});
  EXPECT_TRUE(archive.Insert(0, {5, 5}));
  EXPECT_FALSE(archive.Insert(1, {5, 5}));
  EXPECT_FALSE(archive.Insert(2, {5, 6}));
  EXPECT_TRUE(archive.Insert(3, {1, 9}));
  EXPECT_TRUE(archive.Insert(4, {4, 5}));
  EXPECT_THAT(Ids(archive), ::testing::ElementsAre(3, 4));
  EXPECT_DOUBLE_EQ(archive.HypervolumeTo({10, 10}), 9 * 1 + 6 * 4);
}

TEST(EpsilonArchive, NeighboursEnterOnlyIfTheyDominate) {
  EpsilonArchive archive({0.5, 0});
  EXPECT_TRUE(archive.Insert(0, {5, 5}));
  EXPECT_FALSE(archive.Insert(1, {4.6, 6}));  // not lower by epsilon, and larger
  EXPECT_TRUE(archive.Insert(2, {4.4, 6}));
  EXPECT_TRUE(archive.Insert(3, {4.9, 5}));  // dominates 0
  EXPECT_TRUE(archive.Insert(4, {5.4, 4}));  // simpler
  EXPECT_THAT(Ids(archive), ::testing::ElementsAre(2, 3, 4));
}

TEST(EpsilonArchive, StaysMutuallyNondominatedAndItsHypervolumeNeverFalls) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 60; ++round) {
    const size_t objectives = 2 + random() % 3;
    Objectives epsilon;
    for (size_t m = 0; m < objectives; ++m) epsilon.push_back(static_cast<double>(random() % 3));
    EpsilonArchive archive(epsilon);
    const Objectives reference(objectives, 20.0);
    std::vector<Objectives> shown;
    double before = 0;
    for (int64_t id = 0; id < 150; ++id) {
      Objectives point;
      for (size_t m = 0; m < objectives; ++m) point.push_back(static_cast<double>(random() % 20));
      shown.push_back(point);
      const bool entered = archive.Insert(id, point);
      EXPECT_EQ(entered, !archive.members().empty() && archive.members().back().id == id);
      const double now = archive.HypervolumeTo(reference);
      ASSERT_GE(now, before);
      before = now;
    }
    for (const auto& a : archive.members()) {
      for (const auto& b : archive.members()) {
        ASSERT_FALSE(Dominates(a.objectives, b.objectives));
        ASSERT_TRUE(a.id == b.id || a.objectives != b.objectives);
      }
    }
    // Within epsilon of every point ever shown.
    for (const Objectives& point : shown) {
      EXPECT_TRUE(
          std::any_of(archive.members().begin(), archive.members().end(), [&](const auto& member) {
            bool near = true;
            for (size_t m = 0; m < objectives; ++m) {
              near = near && member.objectives[m] - epsilon[m] <= point[m];
            }
            return near;
          }));
    }
  }
}

}  // namespace
}  // namespace strata::search

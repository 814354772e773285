#include "search/strategy/mating_pool.h"

#include <gtest/gtest.h>

#include <set>

#include "search/strategy/random.h"

namespace strata::search {
namespace {

constexpr int kNodes = 1;  // index of the number of nodes

MatingPool::Member Member(int64_t id, double loss, double nodes) {
  return {id, *expr::ParseExpression("uniform()"), {loss, nodes}};
}

std::set<int64_t> Ids(const MatingPool& pool) {
  std::set<int64_t> ids;
  for (size_t i = 0; i < pool.size(); ++i) ids.insert(pool.at(i).id);
  return ids;
}

TEST(MatingPool, KeepsTheBestByRankThenCrowding) {
  MatingPool pool(3);
  EXPECT_TRUE(pool.empty());
  EXPECT_TRUE(pool.Insert(Member(0, 9, 9), kNodes));
  EXPECT_TRUE(pool.Insert(Member(1, 1, 5), kNodes));
  EXPECT_TRUE(pool.Insert(Member(2, 2, 4), kNodes));
  EXPECT_TRUE(pool.Insert(Member(3, 8, 1), kNodes));  // pushes out 0, which all dominate
  EXPECT_EQ(Ids(pool), (std::set<int64_t>{1, 2, 3}));
  EXPECT_FALSE(pool.Insert(Member(4, 8.5, 6), kNodes));  // dominated
  EXPECT_TRUE(pool.Insert(Member(5, 5, 2), kNodes));     // 2 is the most crowded
  EXPECT_EQ(Ids(pool), (std::set<int64_t>{1, 3, 5}));
  EXPECT_EQ(pool.Front().size(), 3u);
}

TEST(MatingPool, ACopyOfAResultReplacesItOnlyIfSimpler) {
  MatingPool pool(8);
  EXPECT_TRUE(pool.Insert(Member(0, 1, 4), kNodes));
  EXPECT_FALSE(pool.Insert(Member(1, 1, 4), kNodes));
  EXPECT_FALSE(pool.Insert(Member(2, 1, 5), kNodes));
  EXPECT_TRUE(pool.Insert(Member(3, 1, 3), kNodes));
  EXPECT_EQ(Ids(pool), (std::set<int64_t>{3}));
}

TEST(MatingPool, TournamentsPreferTheBetter) {
  MatingPool pool(4);
  pool.Insert(Member(0, 1, 1), kNodes);
  pool.Insert(Member(1, 2, 2), kNodes);
  const auto random = MakeRandomGenerator(1);
  int won = 0;
  for (int i = 0; i < 4000; ++i) won += pool.Tournament(*random).id == 0 ? 1 : 0;
  EXPECT_NEAR(won, 3000, 150);  // it loses only to itself, or where it is not drawn: 1/4
}

}  // namespace
}  // namespace strata::search

#include "evaluator/tokenizer/merge_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace strata::evaluator {
namespace {

std::optional<Merge> Find(const MergeTable& table, int32_t left, int32_t right) {
  return table(Symbol{.id = left}, Symbol{.id = right});
}

TEST(MergeTable, RankIsThePlaceInTheList) {
  const MergeTable table({{1, 2, 3}, {2, 1, 4}, {1, 2, 5}});
  EXPECT_EQ(Find(table, 2, 1)->rank, 1);
  EXPECT_EQ(Find(table, 2, 1)->id, 4);
  EXPECT_EQ(Find(table, 1, 2)->rank, 2);  // the last of equal pairs
  EXPECT_EQ(Find(table, 1, 2)->id, 5);
  EXPECT_FALSE(Find(table, 2, 2).has_value());
  EXPECT_FALSE(Find(table, -1, 2).has_value());
  EXPECT_FALSE(Find(table, 1, -1).has_value());
  EXPECT_FALSE(Find(MergeTable({}), 0, 0).has_value());
}

TEST(MergeTable, RanksMayBeGiven) {
  const MergeTable table({{1, 2, 3}, {2, 1, 4}}, {7, 7});
  EXPECT_EQ(Find(table, 1, 2)->rank, 7);
  EXPECT_EQ(table.RankOf(2, 1), 7);
  EXPECT_EQ(table.RankOf(1, 1), -1);
}

TEST(MergeTable, IsAMap) {
  std::mt19937 random(11);
  std::vector<MergeRule> merges;
  std::map<std::pair<int32_t, int32_t>, size_t> ranks;
  for (size_t rank = 0; rank < 5000; ++rank) {
    merges.push_back({static_cast<int32_t>(random() % 90), static_cast<int32_t>(random() % 90),
                      static_cast<int32_t>(rank)});
    ranks[{merges.back().left, merges.back().right}] = rank;
  }
  const MergeTable table(merges);
  for (int32_t left = 0; left < 91; ++left) {
    for (int32_t right = 0; right < 91; ++right) {
      const auto expected = ranks.find({left, right});
      const std::optional<Merge> found = Find(table, left, right);
      ASSERT_EQ(found.has_value(), expected != ranks.end());
      if (!found.has_value()) continue;
      ASSERT_EQ(found->rank, static_cast<double>(expected->second));
    }
  }
}

}  // namespace
}  // namespace strata::evaluator

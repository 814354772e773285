#include "evaluator/tokenizer/symbol_merger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using Table = std::map<std::pair<int32_t, int32_t>, Merge>;

std::vector<int32_t> Merged(const std::vector<int32_t>& ids, const Table& table) {
  std::vector<Symbol> symbols;
  for (size_t i = 0; i < ids.size(); ++i) symbols.push_back({ids[i], i, i + 1});
  SymbolMerger merger;
  merger.Run(symbols, [&](const Symbol& left, const Symbol& right) -> std::optional<Merge> {
    const auto found = table.find({left.id, right.id});
    if (found == table.end()) return std::nullopt;
    return found->second;
  });
  std::vector<int32_t> result;
  size_t end = 0;
  for (const Symbol& symbol : symbols) {
    EXPECT_EQ(symbol.begin, end);
    end = symbol.end;
    result.push_back(symbol.id);
  }
  EXPECT_EQ(end, ids.size());
  return result;
}

// The definition: again and again merge the leftmost pair of the lowest rank.
std::vector<int32_t> Slowly(std::vector<int32_t> ids, const Table& table) {
  while (true) {
    size_t best = ids.size();
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = table.find({ids[i], ids[i + 1]});
      if (found == table.end()) continue;
      if (best == ids.size() || found->second.rank < table.at({ids[best], ids[best + 1]}).rank) {
        best = i;
      }
    }
    if (best == ids.size()) return ids;
    ids[best] = table.at({ids[best], ids[best + 1]}).id;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(SymbolMerger, SmallCases) {
  const Table table = {{{1, 1}, {.rank = 0, .id = 2}}, {{2, 2}, {.rank = 1, .id = 3}}};
  EXPECT_THAT(Merged({}, table), ElementsAre());
  EXPECT_THAT(Merged({1}, table), ElementsAre(1));
  EXPECT_THAT(Merged({1, 1, 1}, table), ElementsAre(2, 1));
  EXPECT_THAT(Merged({1, 1, 1, 1}, table), ElementsAre(3));
  EXPECT_THAT(Merged({5, 6}, table), ElementsAre(5, 6));
}

TEST(SymbolMerger, AgreesWithTheDefinitionOnRandomTables) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    Table table;
    for (int i = 0; i < 30; ++i) {
      // Equal ranks too, as scores may be.
      const Merge merge{.rank = static_cast<double>(random() % 8),
                        .id = static_cast<int32_t>(random() % 8)};
      table.emplace(
          std::pair(static_cast<int32_t>(random() % 8), static_cast<int32_t>(random() % 8)), merge);
    }
    std::vector<int32_t> ids;
    for (uint32_t i = random() % 30; i > 0; --i) ids.push_back(static_cast<int32_t>(random() % 8));
    ASSERT_EQ(Merged(ids, table), Slowly(ids, table));
  }
}

}  // namespace
}  // namespace strata::evaluator

#include "search/strategy/unit_slabs.h"

#include <gtest/gtest.h>

#include <set>

#include "search/strategy/random.h"
#include "tests/search/linear_layout.h"

namespace strata::search {
namespace {

TEST(UnitSlabsTest, NamesTheUnitsOfRolesAndBlocks) {
  const UnitSlabs slabs(Linears(3));
  ASSERT_EQ(slabs.of_roles().size(), 7u);
  EXPECT_EQ(slabs.of_roles()[1], (std::vector<size_t>{1, 8, 15}));
  ASSERT_EQ(slabs.of_blocks().size(), 3u);
  EXPECT_EQ(slabs.of_blocks()[1], (std::vector<size_t>{7, 8, 9, 10, 11, 12, 13}));
}

TEST(UnitSlabsTest, WholeBlocksHaveNeither) {
  const UnitSlabs slabs(expr::SquareBlocks({100, 100, 100}));
  EXPECT_TRUE(slabs.of_roles().empty());
  EXPECT_TRUE(slabs.of_blocks().empty());
}

// A slab is one role, or all, of neighbouring blocks; every size comes up.
TEST(UnitSlabsTest, DrawsUnitsBlocksRolesAndWhatLiesBetween) {
  constexpr int kBlocks = 12;
  const expr::UnitLayout layout = Linears(kBlocks);
  const UnitSlabs slabs(layout);
  const auto random = MakeRandomGenerator(5);
  std::set<std::pair<size_t, size_t>> shapes;  // roles, blocks
  for (int i = 0; i < 3000; ++i) {
    const std::vector<size_t> units = slabs.Draw(*random);
    ASSERT_FALSE(units.empty());
    EXPECT_TRUE(std::is_sorted(units.begin(), units.end()));
    std::set<int> blocks;
    std::set<expr::LinearRole> roles;
    for (const size_t unit : units) {
      blocks.insert(layout[unit].block);
      roles.insert(layout[unit].role);
    }
    EXPECT_EQ(units.size(), blocks.size() * roles.size());
    EXPECT_EQ(static_cast<size_t>(*blocks.rbegin() - *blocks.begin()) + 1, blocks.size());
    EXPECT_TRUE(roles.size() == 1 || roles.size() == 7);
    shapes.insert({roles.size(), blocks.size()});
  }
  EXPECT_EQ(shapes.size(), size_t{2 * kBlocks});
}

TEST(UnitSlabsTest, OfWholeBlocksAreRunsOfBlocks) {
  const UnitSlabs slabs(expr::SquareBlocks(std::vector<int64_t>(5, 100)));
  const auto random = MakeRandomGenerator(5);
  std::set<std::vector<size_t>> drawn;
  for (int i = 0; i < 3000; ++i) drawn.insert(slabs.Draw(*random));
  EXPECT_EQ(drawn.size(), 15u);  // every run of 1 to 5 blocks
}

}  // namespace
}  // namespace strata::search

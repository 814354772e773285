#include "expr/layout_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace strata::expr {
namespace {

using ::testing::ElementsAre;

std::vector<double> Values(const std::string& name, const UnitLayout& layout) {
  std::vector<double> out(layout.size(), -1);
  LayoutSourceOf(IdOf(name))(layout, out);
  return out;
}

TEST(LayoutSources, FollowFromTheLayout) {
  const UnitLayout layout = {{100, 0, UnitKind::kAttention, 20},
                             {400, 0, UnitKind::kFeedForward, 50},
                             {200, 1, UnitKind::kFeedForward, 30},
                             {100, 2, UnitKind::kBlock, 20}};
  EXPECT_THAT(Values("depth", layout), ElementsAre(0, 0, 0.5, 1));
  EXPECT_THAT(Values("size", layout), ElementsAre(0.25, 1, 0.5, 0.25));
  EXPECT_THAT(Values("fan", layout), ElementsAre(0.2, 0.125, 0.15, 0.2));
  EXPECT_THAT(Values("last", layout), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(Values("attention", layout), ElementsAre(1, 0, 0, 0));
}

TEST(LayoutSources, EveryRoleMarksItsLinears) {
  UnitLayout layout;
  for (int role = 0; role < kLinearRoles; ++role) {
    layout.push_back({1, 0, UnitKind::kAttention, 2, static_cast<LinearRole>(role)});
  }
  for (int role = 1; role < kLinearRoles; ++role) {
    std::vector<double> expected(layout.size(), 0.0);
    expected[static_cast<size_t>(role)] = 1.0;
    EXPECT_EQ(Values(std::string(LinearRoleName(static_cast<LinearRole>(role))), layout), expected);
  }
}

TEST(LayoutSources, OneBlockHasDepthZero) {
  EXPECT_THAT(Values("depth", {{1, 0, UnitKind::kAttention, 2}, {1, 0, UnitKind::kFeedForward, 2}}),
              ElementsAre(0, 0));
}

TEST(LayoutSources, OthersAreMeasured) {
  for (const std::string_view name :
       {"redundancy", "alpha", "sensitivity", "distortion", "slope", "WX", "constant", "+"}) {
    EXPECT_EQ(LayoutSourceOf(IdOf(name)), nullptr) << name;
  }
}

}  // namespace
}  // namespace strata::expr

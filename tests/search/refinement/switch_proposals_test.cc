#include "search/refinement/switch_proposals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace strata::search {
namespace {

expr::UnitLayout Layout() { return expr::SquareBlocks({40000, 90000, 40000, 160000}); }

RefinementOptions Options() {
  RefinementOptions options;
  options.target.sparsity = 0.6;
  options.maximum_switches = 1;
  return options;
}

TEST(SwitchProposals, ASwitchMovesZerosFromOneUnitToAnother) {
  const RefinementOptions options = Options();
  SwitchProposals proposals(options, Layout());
  const expr::Allocation start(4, 0.6);
  const std::vector<int64_t> parameters = expr::ParametersOf(Layout());
  std::unordered_set<std::string> seen = {expr::QuantizedKey(start)};
  for (int i = 0; i < 100; ++i) {
    const auto proposal = proposals.Propose(start, {}, seen);
    ASSERT_TRUE(proposal.has_value());
    EXPECT_TRUE(seen.insert(expr::QuantizedKey(*proposal)).second);
    EXPECT_NEAR(expr::MeanSparsity(*proposal, parameters), 0.6, 1e-12);
    // The larger of the two changes is from the smallest to the largest step.
    double change = 0;
    for (const double sparsity : *proposal) change = std::max(change, std::abs(sparsity - 0.6));
    EXPECT_GE(change, options.smallest_step - 1e-12);
    EXPECT_LE(change, options.largest_step + 1e-12);
  }
}

TEST(SwitchProposals, TheSameCallsGiveTheSameProposals) {
  const expr::Allocation start(4, 0.6);
  RefinementOptions options = Options();
  SwitchProposals one(options, Layout()), same(options, Layout());
  options.seed = 2;
  SwitchProposals other(options, Layout());
  const auto first = one.Propose(start, {}, {});
  EXPECT_EQ(first, same.Propose(start, {}, {}));
  EXPECT_NE(first, other.Propose(start, {}, {}));
}

// The loss is the sparsity of the first unit. Once this is learned, ranked proposals lower it.
TEST(SwitchProposals, TheLossesLearnedChooseAmongProposals) {
  RefinementOptions options = Options();
  options.unranked_share = 0;
  SwitchProposals proposals(options, Layout());
  const expr::Allocation start(4, 0.6);
  std::unordered_set<std::string> seen = {expr::QuantizedKey(start)};
  proposals.Learn(start, start[0]);
  for (int i = 0; i < 20; ++i) {
    const auto proposal = proposals.Propose(start, {}, seen);
    ASSERT_TRUE(proposal.has_value());
    seen.insert(expr::QuantizedKey(*proposal));
    proposals.Learn(*proposal, (*proposal)[0]);
  }
  for (int i = 0; i < 5; ++i) {
    const auto proposal = proposals.Propose(start, {}, seen);
    ASSERT_TRUE(proposal.has_value());
    EXPECT_LT((*proposal)[0], 0.55);
  }
}

TEST(SwitchProposals, NothingIsProposedWithoutRoom) {
  RefinementOptions options = Options();
  options.target.minimum = options.target.maximum = 0.6;
  SwitchProposals proposals(options, Layout());
  EXPECT_EQ(proposals.Propose(expr::Allocation(4, 0.6), {}, {}), std::nullopt);
}

}  // namespace
}  // namespace strata::search

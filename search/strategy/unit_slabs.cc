#include "search/strategy/unit_slabs.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace strata::search {
namespace {

constexpr uint64_t kOneInSoManyHoldsAllRoles = 4;

}  // namespace

UnitSlabs::UnitSlabs(const expr::UnitLayout& layout) : blocks_(layout.back().block + 1) {
  std::map<std::pair<expr::UnitKind, expr::LinearRole>, size_t> place_of_role;
  of_blocks_.resize(static_cast<size_t>(blocks_));
  for (size_t i = 0; i < layout.size(); ++i) {
    const auto [place, is_new] =
        place_of_role.try_emplace({layout[i].kind, layout[i].role}, of_roles_.size());
    if (is_new) of_roles_.emplace_back();
    of_roles_[place->second].push_back(i);
    of_blocks_[static_cast<size_t>(layout[i].block)].push_back(i);
    block_of_unit_.push_back(layout[i].block);
  }
  drawn_ = of_roles_;
  if (of_roles_.size() == 1) of_roles_.clear();
  if (static_cast<size_t>(blocks_) == layout.size()) of_blocks_.clear();
}

std::vector<size_t> UnitSlabs::Draw(expr::RandomGenerator& random) const {
  const bool all_roles = random.Below(kOneInSoManyHoldsAllRoles) == 0;
  std::vector<size_t> units(block_of_unit_.size());
  std::iota(units.begin(), units.end(), size_t{0});
  if (!all_roles) units = drawn_[random.Below(drawn_.size())];
  const int first_block = block_of_unit_[units[random.Below(units.size())]];
  int length = 1;
  if (random.Below(2) == 0) {
    length = static_cast<int>(std::exp(random.Uniform(0, std::log(blocks_ + 1.0))));
  }
  // The run has that length and holds the drawn block, anywhere in it.
  const int first = first_block - static_cast<int>(random.Below(static_cast<uint64_t>(length)));
  std::erase_if(units, [&](size_t unit) {
    return block_of_unit_[unit] < first || block_of_unit_[unit] >= first + length;
  });
  return units;
}

}  // namespace strata::search

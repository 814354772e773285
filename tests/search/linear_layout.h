// A layout in which every linear is a unit.
#ifndef STRATA_TESTS_SEARCH_LINEAR_LAYOUT_H_
#define STRATA_TESTS_SEARCH_LINEAR_LAYOUT_H_

#include "expr/unit_layout.h"

namespace strata::search {

// Returns seven linears per block, with the relative sizes of grouped-query attention.
inline expr::UnitLayout Linears(int blocks) {
  using enum expr::LinearRole;
  expr::UnitLayout layout;
  for (int block = 0; block < blocks; ++block) {
    const auto add = [&](expr::LinearRole role, int64_t parameters) {
      const bool attends = role == kQuery || role == kKey || role == kValue || role == kOutput;
      layout.push_back({.parameters = parameters,
                        .block = block,
                        .kind = attends ? expr::UnitKind::kAttention : expr::UnitKind::kFeedForward,
                        .fan = 2,
                        .role = role});
    };
    add(kQuery, 36);
    add(kKey, 12);
    add(kValue, 12);
    add(kOutput, 36);
    add(kGate, 96);
    add(kUp, 96);
    add(kDown, 96);
  }
  return layout;
}

}  // namespace strata::search

#endif  // STRATA_TESTS_SEARCH_LINEAR_LAYOUT_H_

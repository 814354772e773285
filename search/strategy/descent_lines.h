// Lines of descent in a search: steps of several lengths against the slopes of the loss, each line
// from the best function known when it begins.
#ifndef STRATA_SEARCH_STRATEGY_DESCENT_LINES_H_
#define STRATA_SEARCH_STRATEGY_DESCENT_LINES_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_set>

#include "search/strategy/mating_pool.h"
#include "search/strategy/strategy.h"

namespace strata::search {

// A step is expr::Descend from the best function. The steps of a line are once, twice and half as
// long as the best step of the line before. After a line without gain they are a quarter as long.
// No two lines begin at the same function. Deterministic. Not thread-safe.
class DescentLines {
 public:
  // At most one line begins in `interval` offspring; with 0, none does. `sparsity` is that of the
  // models whose slopes are measured.
  DescentLines(int interval, double sparsity)
      : interval_(interval), sparsity_(sparsity), bred_since_(interval) {}

  // Counts an offspring and returns the step that it is to be; nullopt if it is to be none. `best`
  // is the best function known.
  std::optional<Offspring> Next(const MatingPool::Member& best);

  // Takes the result of a candidate that has objectives. If it is a step that is better than the
  // rest of its line, the next line follows its length.
  void Learn(const CandidateResult& result);

 private:
  void Begin(const MatingPool::Member& best);

  const int interval_;
  const double sparsity_;
  int bred_since_;                      // offspring since the last line began
  std::unordered_set<uint64_t> begun_;  // functions from which a line began, by CanonicalHash
  std::deque<Offspring> steps_;         // of the line, not bred yet
  double length_ = 0.03;                // of the step that is expected to be best
  double lowest_ = 0;                   // loss of the latest line and of where it began
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_DESCENT_LINES_H_

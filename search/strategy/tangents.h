// What slopes say about losses nearby: the tangents of the loss at the allocations where slopes
// were measured.
#ifndef STRATA_SEARCH_STRATEGY_TANGENTS_H_
#define STRATA_SEARCH_STRATEGY_TANGENTS_H_

#include <deque>
#include <vector>

#include "expr/allocation.h"

namespace strata::search {

// Expects a change of the loss that is linear near an allocation with known slopes and vanishes far
// from it. With coordinates a_i = sqrt(p_i) s_i, where s are sparsities and p the units' shares of
// all parameters, the expected change at a is
//
//   sum_m w_m g_m (a - a_m) / max(1, sum_m w_m),   w_m = exp(-|a - a_m|^2 / 2 r^2),
//
// with g_m the slopes at a_m in these coordinates, less the part that shifts all sparsities alike,
// because no allocation does that, and r = 0.04. Not thread-safe.
class Tangents {
 public:
  // `roots` are the roots of the units' shares of all parameters.
  explicit Tangents(std::vector<double> roots) : roots_(std::move(roots)) {}

  // Adds the derivatives of the loss by the units' sparsities at an allocation. The latest
  // kMaximum are kept.
  void Add(const expr::Allocation& allocation, const std::vector<double>& slopes);

  bool empty() const { return points_.empty(); }

  // Returns the expected change. `input` begins with the coordinates of an allocation.
  double ChangeAt(const std::vector<double>& input) const;

 private:
  static constexpr size_t kMaximum = 12;

  struct Point {
    std::vector<double> at;        // coordinates
    std::vector<double> gradient;  // by the coordinates
  };

  const std::vector<double> roots_;
  std::deque<Point> points_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_TANGENTS_H_

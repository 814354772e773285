// What measured allocations tell about others: a Gaussian process per measured objective.
#ifndef STRATA_SEARCH_SURROGATE_H_
#define STRATA_SEARCH_SURROGATE_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_layout.h"
#include "search/strategy/gaussian_process.h"
#include "search/strategy/strategy_options.h"

namespace strata::search {

// Keeps at most `maximum_points` measured allocations: half of them those of the lowest loss, the
// others the latest. Where blocks have several units, the process expects units of one block to act
// alike, and those of one role: it sees their mean sparsities too. Not thread-safe.
class Surrogate {
 public:
  // Distance is the root of the mean square difference of sparsities, over the parameters of the
  // units. Each point has `values` measured objectives; the first is the loss.
  Surrogate(const SurrogateOptions& options, const expr::UnitLayout& layout, size_t values);

  // Each distinct allocation once. `measured` are finite.
  void Add(const expr::Allocation& allocation, std::vector<double> measured);

  bool is_ready() const { return best_.size() + latest_.size() >= minimum_points_; }

  // Root mean square difference of sparsities, over all parameters, from the nearest of the
  // `count` allocations of the lowest loss. Ready only.
  double DistanceFromBest(const expr::Allocation& allocation, size_t count) const;

  // Fits to the points and, so that candidates that are still being measured are not proposed
  // again, to `pending` allocations as if each had measured what is predicted of it. Kernel
  // settings are chosen anew whenever a quarter more points were added than at the last choice;
  // that, not time, makes fits repeatable. Ready only.
  void Fit(const std::vector<expr::Allocation>& pending);

  // Of the measured objective `value`, since the last fit.
  Prediction Predict(size_t value, const expr::Allocation& allocation) const;

 private:
  struct Point {
    std::vector<double> input;
    std::vector<double> measured;
  };
  std::vector<double> InputOf(const expr::Allocation& allocation) const;
  std::vector<double> TargetsOf(size_t value) const;

  const size_t minimum_points_;
  const size_t half_;
  std::vector<double> roots_;                // of the units' shares of the parameters
  std::vector<std::vector<size_t>> groups_;  // units of a role or block
  std::vector<Point> best_;                  // by rising loss
  std::deque<Point> latest_;                 // of those that are not among the best, oldest first
  std::vector<GaussianProcess::Settings> settings_;  // per value
  size_t added_ = 0;                                 // points, kept or not
  size_t added_at_choice_ = 0;
  std::vector<GaussianProcess> processes_;  // per value
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_SURROGATE_H_

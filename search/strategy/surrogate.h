// A surrogate model: predicts the measured objectives of allocations from those measured so far,
// with one Gaussian process per objective.
#ifndef STRATA_SEARCH_STRATEGY_SURROGATE_H_
#define STRATA_SEARCH_STRATEGY_SURROGATE_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_layout.h"
#include "search/strategy/gaussian_process.h"
#include "search/strategy/strategy_options.h"
#include "search/strategy/tangents.h"

namespace strata::search {

// Keeps at most `maximum_points` measured allocations: one half those with the lowest loss, the
// other half the latest. If blocks have several units, the process expects units of the same block,
// and units of the same role, to act alike. It therefore sees their mean sparsities too. Not
// thread-safe.
class Surrogate {
 public:
  // The distance of two allocations is the root of the mean square difference of sparsities, over
  // the parameters of the units. Each point has `values` measured objectives; the first is the
  // loss.
  Surrogate(const SurrogateOptions& options, const expr::UnitLayout& layout, size_t values);

  // Adds a measured allocation; each distinct one once. `measured` are finite.
  void Add(const expr::Allocation& allocation, std::vector<double> measured);

  // Adds the slopes of the loss at an allocation: its derivatives by the units' sparsities.
  void AddSlopes(const expr::Allocation& allocation, const std::vector<double>& slopes);

  bool is_ready() const { return best_.size() + latest_.size() >= minimum_points_; }

  // Returns the root mean square difference of sparsities, over all parameters, from the nearest of
  // the `count` allocations with the lowest loss. Requires is_ready().
  double DistanceFromBest(const expr::Allocation& allocation, size_t count) const;

  // Fits the process of the loss to what the tangents at known slopes do not explain. Fits to the
  // points, and to the `pending` allocations as if each had measured its prediction, so that
  // candidates that are still being measured are not proposed again. Kernel settings are chosen
  // anew whenever the number of points added has grown by a quarter since the last choice. This
  // does not depend on time, so fits are repeatable. Requires is_ready().
  void Fit(const std::vector<expr::Allocation>& pending);

  // Predicts the measured objective number `value` with the last fit.
  Prediction Predict(size_t value, const expr::Allocation& allocation) const;

 private:
  struct Point {
    std::vector<double> input;
    std::vector<double> measured;
  };
  std::vector<double> InputOf(const expr::Allocation& allocation) const;
  std::vector<double> TargetsOf(size_t value) const;
  // Returns the change of the loss that slopes lead to expect, and what distance from the best
  // allocation costs; 0 for every other value, and without slopes.
  double ExpectedOf(size_t value, const std::vector<double>& input) const;
  // Returns the targets less what is expected.
  std::vector<double> Unexpected(size_t value, const std::vector<std::vector<double>>& inputs,
                                 std::vector<double> targets) const;

  const size_t minimum_points_;
  const size_t half_;
  std::vector<double> roots_;                // roots of the units' shares of the parameters
  std::vector<std::vector<size_t>> groups_;  // units of a role or block
  std::vector<Point> best_;                  // by rising loss
  std::deque<Point> latest_;                 // those not among the best, oldest first
  Tangents tangents_;
  std::vector<GaussianProcess::Settings> settings_;  // per value
  size_t added_ = 0;                                 // points, kept or not
  size_t added_at_choice_ = 0;
  std::vector<GaussianProcess> processes_;  // per value
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_SURROGATE_H_

// Steepest descent on allocations: from the slopes of the loss at one to others that promise less
// of it and keep the budget. The steps' lengths follow what the last ones gave. Deterministic.
#ifndef STRATA_SEARCH_SLOPE_DESCENT_H_
#define STRATA_SEARCH_SLOPE_DESCENT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "expr/allocation.h"

namespace strata::search {

class SlopeDescent {
 public:
  // Of units with these parameters; `target` is valid.
  SlopeDescent(std::vector<int64_t> parameters, const expr::AllocationTarget& target);

  struct Step {
    double length = 0;  // parameter-weighted mean change of sparsity, before bounds
    expr::Allocation allocation;
  };

  // From an allocation at which the loss has these slopes (its derivatives by the units'
  // sparsities, finite): against the slope per weight, less its mean, no unit going more than
  // kMostOfMean times as far as they do on average. Steps of four lengths, the longest first; with
  // a group, those that lead somewhere.
  std::vector<Step> Line(const expr::Allocation& from, const std::vector<double>& slopes) const;

  // What a line gave: the length of the step of the lowest loss; nothing where none was lower than
  // at its beginning.
  void Learn(std::optional<double> length);

  // Short steps gave nothing either.
  bool is_over() const { return length_ < kShortest; }

 private:
  static constexpr double kMostOfMean = 3;
  static constexpr double kShortest = 1e-3;

  const std::vector<int64_t> parameters_;
  const expr::AllocationTarget target_;
  double length_ = 0.03;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_SLOPE_DESCENT_H_

// Chooses a level of a grid for each linear, so that together they have the sparsity of an
// allocation.
#ifndef STRATA_PRUNING_LEVEL_CHOICE_H_
#define STRATA_PRUNING_LEVEL_CHOICE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "pruning/level_grid.h"

namespace strata::pruning {

// Default bound on the difference between the mean sparsity and the wanted mean.
inline constexpr double kLevelMeanTolerance = 1e-4;

struct LevelChoice {
  std::vector<int> levels;      // index into the grid for each linear
  double mean = 0;              // mean of the levels, weighted by the parameters
  double mean_wanted = 0;       // mean of the wanted sparsities, weighted by the parameters
  double squared_distance = 0;  // mean of (level - wanted)^2, weighted by the parameters
};

// Returns the choice with the least squared_distance among those whose mean lies within `tolerance`
// of the wanted mean. `parameters` and `wanted` have one value per linear.
//
// The method is a dynamic programme over exact sums of parameters times levels. If the tolerance
// spans more than 16 steps of these sums, sums that lie within a sixteenth of the tolerance are
// merged. The mean is therefore always within the tolerance, and the distance is the least except
// for this merging. A Lagrangian bound leaves out partial choices that cannot lead to the best one,
// so that a choice for some hundred linears takes milliseconds. The same input gives the same
// choice.
//
// Errors: InvalidArgument if there are no linears, the numbers of linears differ, a size is not
// positive, or a wanted sparsity is outside [0, 1). OutOfRange if no mean lies within the
// tolerance; it gives the nearest mean that the grid can have.
absl::StatusOr<LevelChoice> ChooseLevels(const LevelGrid& grid, std::span<const int64_t> parameters,
                                         std::span<const double> wanted,
                                         double tolerance = kLevelMeanTolerance);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_LEVEL_CHOICE_H_

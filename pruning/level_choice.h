// Which level of a grid each linear takes, so that together they have the sparsity of an
// allocation.
#ifndef STRATA_PRUNING_LEVEL_CHOICE_H_
#define STRATA_PRUNING_LEVEL_CHOICE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "pruning/level_grid.h"

namespace strata::pruning {

// How far the mean sparsity may be from the one wanted.
inline constexpr double kLevelMeanTolerance = 1e-4;

struct LevelChoice {
  std::vector<int> levels;      // per linear, an index into the grid
  double mean = 0;              // of the levels, weighted with the parameters
  double mean_wanted = 0;       // of the wanted sparsities, weighted likewise
  double squared_distance = 0;  // mean of (level - wanted)^2, weighted likewise
};

// Of all choices whose mean lies within `tolerance` of the wanted mean, one with the least
// squared_distance: a dynamic programme over exact sums of parameters times levels, in which sums
// are merged only where the tolerance spans more than 16 of their steps and then only those that
// lie within a sixteenth of it, so that the mean always holds and the distance is the least but
// for that. Partial choices that cannot lead to the best are left out by a Lagrangian bound, which
// makes a choice for some hundred linears take milliseconds. The same input gives the same choice.
//
// InvalidArgument if there are no linears, the numbers of linears differ, a size is not positive,
// or a wanted sparsity is outside [0, 1); OutOfRange, with the nearest mean that the grid can have,
// if none lies within the tolerance.
absl::StatusOr<LevelChoice> ChooseLevels(const LevelGrid& grid, std::span<const int64_t> parameters,
                                         std::span<const double> wanted,
                                         double tolerance = kLevelMeanTolerance);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_LEVEL_CHOICE_H_

// Cuts off a given number of the lowest scores, without sorting.
#ifndef STRATA_PRUNING_SCORE_CUT_H_
#define STRATA_PRUNING_SCORE_CUT_H_

#include <cstdint>
#include <span>

namespace strata::pruning {

// Cuts off every score whose bits are less than `bits`, and the first `ties` scores whose bits
// equal `bits`.
struct ScoreCut {
  uint32_t bits = 0;
  int64_t ties = 0;
};

// Returns the cut that removes exactly the `removed` lowest scores, from 0 to scores.size(). Equal
// scores are removed in order of position, as in a stable sort. Scores must be numbers that are not
// negative, so that their bits are ordered like their values. The cut is found by bisecting the
// bits; each step is one pass of comparisons. Thread-safe.
ScoreCut CutBelow(std::span<const float> scores, int64_t removed);

// Writes 0 for each score that is cut off, and the weight at the same place for the others.
// `scores`, `weights` and `output` have the same size and do not overlap.
void KeepAbove(std::span<const float> scores, const ScoreCut& cut, const float* weights,
               float* output);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SCORE_CUT_H_

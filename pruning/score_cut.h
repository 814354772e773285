// Where to cut a set of scores so that a given number of the lowest lie below: without sorting.
#ifndef STRATA_PRUNING_SCORE_CUT_H_
#define STRATA_PRUNING_SCORE_CUT_H_

#include <cstdint>
#include <span>

namespace strata::pruning {

// Cuts off every score whose bits are less than `bits`, and the first `ties` of those that equal
// it.
struct ScoreCut {
  uint32_t bits = 0;
  int64_t ties = 0;
};

// The cut below which lie exactly `removed` scores, 0 ... scores.size(): the lowest, equal ones in
// order of position as by a stable sort. Scores are numbers and not negative, so that their bits
// order as they do; the cut is found by bisecting the bits, each step one pass of comparisons.
// Thread-safe.
ScoreCut CutBelow(std::span<const float> scores, int64_t removed);

// Writes 0 for what is cut off and the weight of the same place for the others. All three have the
// same size and do not overlap.
void KeepAbove(std::span<const float> scores, const ScoreCut& cut, const float* weights,
               float* output);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SCORE_CUT_H_

// How the stages of a measurement report on one common scale.
#ifndef STRATA_EVALUATOR_PROGRESS_H_
#define STRATA_EVALUATOR_PROGRESS_H_

#include "evaluator/evaluator.h"

namespace strata::evaluator {

// The part of a caller's progress that one stage covers: the stage reports 0 to 1, the caller sees
// `first` to `last`. Empty if `progress` is.
inline Progress Part(const Progress& progress, double first, double last) {
  if (!progress) return nullptr;
  return [=](double fraction) { return progress(first + (last - first) * fraction); };
}

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PROGRESS_H_

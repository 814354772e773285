#include "evaluator/calibration/calibrator.h"

#include <utility>

#include "expr/status_macros.h"

namespace strata::evaluator {

bool IsSame(const Calibration& one, const Calibration& other) {
  return one.sequences == other.sequences && one.sequence_tokens == other.sequence_tokens;
}

absl::StatusOr<const CalibrationStatistics*> Calibrator::Calibrate(const Calibration& calibration,
                                                                   CalibrationNeeds needs,
                                                                   const Progress& progress) {
  const bool same = calibrated_.has_value() && IsSame(*calibrated_, calibration);
  const bool has_block_statistics = same && !statistics_.redundancy.empty();
  const bool has_linear_redundancy = same && !statistics_.linear_redundancy.empty();
  if (same && (!needs.block_statistics || has_block_statistics) &&
      (!needs.linear_redundancy || has_linear_redundancy)) {
    return &statistics_;
  }
  // Statistics that the last call measured on these sequences are measured again, to keep them.
  needs.block_statistics |= has_block_statistics;
  needs.linear_redundancy |= has_linear_redundancy;
  STRATA_ASSIGN_OR_RETURN(const Windows sequences, CalibrationSequences(corpus_, calibration));
  STRATA_ASSIGN_OR_RETURN(CalibrationStatistics statistics,
                          RunCalibration(model_, sequences, needs, progress));
  statistics_ = std::move(statistics);
  calibrated_ = calibration;
  return &statistics_;
}

}  // namespace strata::evaluator

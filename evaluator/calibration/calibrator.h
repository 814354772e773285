// Calibrations of a model by a text, the last one kept.
#ifndef STRATA_EVALUATOR_CALIBRATOR_H_
#define STRATA_EVALUATOR_CALIBRATOR_H_

#include <absl/status/statusor.h>

#include <optional>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/tokenizer/text_corpus.h"

namespace strata::evaluator {

// Whether two calibrations use the same sequences of a text.
bool IsSame(const Calibration& one, const Calibration& other);

// Not thread-safe.
class Calibrator {
 public:
  // Both must outlive it.
  Calibrator(const TransformerModel& model, const TextCorpus& corpus)
      : model_(model), corpus_(corpus) {}

  // Statistics with at least what `needs` says, measured unless they are those of the last call;
  // valid until the next call. Errors of CalibrationSequences and RunCalibration.
  absl::StatusOr<const CalibrationStatistics*> Calibrate(const Calibration& calibration,
                                                         CalibrationNeeds needs,
                                                         const Progress& progress);

 private:
  const TransformerModel& model_;
  const TextCorpus& corpus_;
  std::optional<Calibration> calibrated_;  // what statistics_ are of
  CalibrationStatistics statistics_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CALIBRATOR_H_

// Calibrates a model with a text and keeps the last calibration.
#ifndef STRATA_EVALUATOR_CALIBRATION_CALIBRATOR_H_
#define STRATA_EVALUATOR_CALIBRATION_CALIBRATOR_H_

#include <absl/status/statusor.h>

#include <optional>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/tokenizer/text_corpus.h"

namespace strata::evaluator {

// True if two calibrations use the same sequences of a text.
bool IsSame(const Calibration& one, const Calibration& other);

// Gathers the statistics of calibrations. Not thread-safe.
class Calibrator {
 public:
  // Both must outlive the calibrator.
  Calibrator(const TransformerModel& model, const TextCorpus& corpus)
      : model_(model), corpus_(corpus) {}

  // Returns statistics with at least what `needs` asks for. They are measured unless the last call
  // has measured them. The result is valid until the next call. Errors: those of
  // CalibrationSequences and RunCalibration.
  absl::StatusOr<const CalibrationStatistics*> Calibrate(const Calibration& calibration,
                                                         CalibrationNeeds needs,
                                                         const Progress& progress);

 private:
  const TransformerModel& model_;
  const TextCorpus& corpus_;
  std::optional<Calibration> calibrated_;  // the calibration of statistics_
  CalibrationStatistics statistics_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CALIBRATION_CALIBRATOR_H_

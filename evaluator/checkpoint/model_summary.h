// What a model is, read from its file without loading weights and without LibTorch.
#ifndef STRATA_EVALUATOR_MODEL_SUMMARY_H_
#define STRATA_EVALUATOR_MODEL_SUMMARY_H_

#include <absl/status/statusor.h>

#include <string>

#include "evaluator/evaluator.h"

namespace strata::evaluator {

class Checkpoint;

// Reads a Hugging Face directory or a GGUF file through, for its digest. Errors as OpenCheckpoint.
absl::StatusOr<ModelSummary> SummarizeModel(const std::string& path);
absl::StatusOr<ModelSummary> SummarizeModel(const Checkpoint& checkpoint);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_SUMMARY_H_

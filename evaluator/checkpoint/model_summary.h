// The summary of a model, read from its file without loading weights and without LibTorch.
#ifndef STRATA_EVALUATOR_CHECKPOINT_MODEL_SUMMARY_H_
#define STRATA_EVALUATOR_CHECKPOINT_MODEL_SUMMARY_H_

#include <absl/status/statusor.h>

#include <string>

#include "evaluator/evaluator.h"

namespace strata::evaluator {

class Checkpoint;

// Summarises a Hugging Face directory or a GGUF file. All of it is read, for its digest. Errors of
// OpenCheckpoint.
absl::StatusOr<ModelSummary> SummarizeModel(const std::string& path);
absl::StatusOr<ModelSummary> SummarizeModel(const Checkpoint& checkpoint);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_MODEL_SUMMARY_H_

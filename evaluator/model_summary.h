// What a model is, read from its file without loading weights and without LibTorch.
#ifndef STRATA_EVALUATOR_MODEL_SUMMARY_H_
#define STRATA_EVALUATOR_MODEL_SUMMARY_H_

#include <absl/status/statusor.h>

#include <string>

#include "evaluator/evaluator.h"

namespace strata::evaluator {

// Reads the header of a GGUF file of the LLaMA family. Errors as GgufFile::Open, and Unimplemented
// for another architecture (named, with those supported).
absl::StatusOr<ModelSummary> SummarizeModel(const std::string& path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_SUMMARY_H_

// Prunes a model and writes it, block by block: what `strata prune` does. LibTorch stays behind
// this header.
#ifndef STRATA_EVALUATOR_MODEL_PRUNING_H_
#define STRATA_EVALUATOR_MODEL_PRUNING_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/formats/number_format.h"

namespace strata::evaluator {

// The file of a pruned directory that says how it was made; that of the source is not carried over.
inline constexpr const char* kRecipeFile = "strata.json";

struct ModelPruningOptions {
  std::string model_path;  // Hugging Face directory or GGUF file
  bool to_gguf = false;    // write a GGUF file; else a directory, which only a directory gives
  std::string text_path;   // its calibration split is used; not for magnitude
  PruningMethod method;
  Protocol protocol = Protocol::kSequential;
  Calibration calibration;
  std::vector<double> sparsity;         // one for each of ModelSummary::linears
  std::optional<NumberFormat> format;   // of the written weights; nothing: as the source has them
  int64_t shard_bytes = 5'000'000'000;  // most bytes of tensors in one safetensors file
  std::string recipe;                   // kept in a GGUF file's metadata
  int threads = 1;
};

// What will be written, found without reading weights.
struct ModelPruningPlan {
  std::vector<std::string> files;
  int64_t bytes = 0;
};

struct PrunedLinear {
  int64_t weights = 0;
  int64_t zeros = 0;  // as stored, counted
};

struct ModelPruningResult {
  std::vector<PrunedLinear> linears;  // in the order of ModelSummary::linears
  std::string text_digest;            // empty for magnitude
  double seconds = 0;
};

// Errors as OpenCheckpoint; Unimplemented for a directory from a GGUF file; InvalidArgument for an
// option or a sparsity that the method cannot have, naming the linear.
absl::StatusOr<ModelPruningPlan> PlanModelPruning(const ModelPruningOptions& options);

// Writes the pruned model to `output`, a path that does not exist. Memory: about three blocks in
// float32 (as read, as pruned, and a part as written), the calibration activations, and for
// SparseGPT the Hessians of a block. Errors as PlanModelPruning and OutputFile::Create; DataLoss
// for weights that are not finite; Cancelled when `progress` says so. After an error what was
// written remains: the caller removes it.
absl::StatusOr<ModelPruningResult> PruneModel(const ModelPruningOptions& options,
                                              const std::string& output, const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_PRUNING_H_

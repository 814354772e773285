// Prunes a model and writes it, block by block, as `strata prune` does. This header exposes no
// LibTorch types.
#ifndef STRATA_EVALUATOR_MEASUREMENT_MODEL_PRUNING_H_
#define STRATA_EVALUATOR_MEASUREMENT_MODEL_PRUNING_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/formats/number_format.h"

namespace strata::evaluator {

// Name of the file that says how the model of a directory was pruned. If the source has such a
// file, it is not copied.
inline constexpr const char* kRecipeFile = "strata.json";

struct ModelPruningOptions {
  std::string model_path;  // Hugging Face directory or GGUF file
  bool to_gguf = false;    // true: write a GGUF file; false: a directory, from a directory only
  bool to_bitmap = false;  // the linears of the directory are bitmaps
  std::string text_path;   // its calibration split is used; not needed for magnitude
  PruningMethod method;
  Protocol protocol = Protocol::kSequential;
  Calibration calibration;
  std::vector<double> sparsity;         // one for each of ModelSummary::linears
  std::optional<NumberFormat> format;   // of the written weights; nullopt: that of the source
  int64_t shard_bytes = 5'000'000'000;  // maximum bytes of tensors in one safetensors file
  std::string recipe;                   // written to the metadata of a GGUF file
  int threads = 1;
};

// The files that will be written and their size, which is an estimate if the linears are bitmaps.
// Weights need not be read to know them.
struct ModelPruningPlan {
  std::vector<std::string> files;
  int64_t bytes = 0;
  std::vector<std::string> notes = {};  // CheckpointWriter::notes
};

struct PrunedLinear {
  int64_t weights = 0;
  int64_t zeros = 0;  // counted in the stored weights
};

struct ModelPruningResult {
  std::vector<PrunedLinear> linears;  // in the order of ModelSummary::linears
  std::string text_digest;            // empty for magnitude
  double seconds = 0;
};

// Plans what PruneModel will write. Errors: those of OpenCheckpoint; Unimplemented if a directory
// is to be written from a GGUF file; InvalidArgument for a GGUF file with bitmaps, for a wrong
// option, and for a sparsity that the method cannot have, which names the linear.
absl::StatusOr<ModelPruningPlan> PlanModelPruning(const ModelPruningOptions& options);

// Writes the pruned model to `output`, a path that must not exist. Memory is needed for about three
// blocks in float32 (as read, as pruned, and a part as written), for the calibration activations,
// and with SparseGPT for the Hessians of a block. Errors: those of PlanModelPruning and
// OutputFile::Create; DataLoss for weights that are not finite; Cancelled if `progress` stops the
// work. After an error the files written so far remain, and the caller must remove them.
absl::StatusOr<ModelPruningResult> PruneModel(const ModelPruningOptions& options,
                                              const std::string& output, const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MEASUREMENT_MODEL_PRUNING_H_

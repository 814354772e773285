#include "evaluator/measurement/model_pruning.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "evaluator/checkpoint/checkpoint_writer.h"
#include "evaluator/clock.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/libtorch_threads.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_statistics.h"
#include "evaluator/pruners/linear_sparsity.h"
#include "evaluator/pruners/sequential_pruner.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewWriter(const Checkpoint& source,
                                                            const ModelPruningOptions& options) {
  const CheckpointWriterOptions writer_options = {.format = options.format,
                                                  .shard_bytes = options.shard_bytes,
                                                  .sparsity = options.sparsity,
                                                  .left_out = {kRecipeFile},
                                                  .recipe = options.recipe};
  if (options.to_gguf) return NewGgufWriter(source, writer_options);
  if (const auto* folder = dynamic_cast<const HuggingFaceCheckpoint*>(&source)) {
    return options.to_bitmap ? NewBitmapWriter(*folder, writer_options)
                             : NewHuggingFaceWriter(*folder, writer_options);
  }
  return absl::UnimplementedError(fmt::format(
      "{}: a GGUF file can be written as a GGUF file only, not as a directory: expected "
      "an output whose name ends with .gguf",
      source.path()));
}

absl::Status CheckOptions(const ModelConfig& config, const ModelPruningOptions& options) {
  const size_t linears =
      static_cast<size_t>(config.blocks) * static_cast<size_t>(config.linears_per_block());
  if (options.sparsity.size() != linears) {
    return absl::InvalidArgumentError(
        fmt::format("expected {} sparsities, one for each linear of {} blocks, found {}", linears,
                    config.blocks, options.sparsity.size()));
  }
  if (options.to_gguf && options.to_bitmap) {
    return absl::InvalidArgumentError(
        "bitmaps are written to a directory: expected an output whose name does not end with "
        ".gguf");
  }
  if (options.shard_bytes < 1) {
    return absl::InvalidArgumentError(
        fmt::format("expected files of at least 1 byte, found {}", options.shard_bytes));
  }
  if (NeedsActivations(options.method.pruner) && options.text_path.empty()) {
    return absl::InvalidArgumentError("this pruner needs a text to calibrate with, found none");
  }
  return CheckPatterns(config, options.sparsity, options.method.group);
}

absl::StatusOr<ModelPruningPlan> Plan(const ModelPruningOptions& options) {
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> source,
                          OpenCheckpoint(options.model_path));
  STRATA_RETURN_IF_ERROR(CheckOptions(source->config(), options));
  STRATA_ASSIGN_OR_RETURN(const auto writer, NewWriter(*source, options));
  return ModelPruningPlan{writer->files(), writer->bytes(), writer->notes()};
}

// The calibration sequences and the digest of the text. Both are empty if the pruner needs none.
struct CalibrationText {
  Windows sequences;
  std::string digest;
};

absl::StatusOr<CalibrationText> ReadCalibration(const ModelPruningOptions& options,
                                                const ModelConfig& config) {
  CalibrationText text;
  if (!NeedsActivations(options.method.pruner)) return text;
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Tokenizer> tokenizer,
                          OpenTokenizer(options.model_path, config.vocabulary));
  STRATA_ASSIGN_OR_RETURN(const TextCorpus corpus, TextCorpus::Load(options.text_path, *tokenizer));
  STRATA_ASSIGN_OR_RETURN(Windows sequences,
                          corpus.Windows(Split::kCalibration, options.calibration.sequences,
                                         options.calibration.sequence_tokens));
  text.sequences = std::move(sequences);
  text.digest = corpus.digest();
  return text;
}

absl::StatusOr<ModelPruningResult> Prune(const ModelPruningOptions& options,
                                         const std::string& output, const Progress& progress) {
  const at::InferenceMode guard;
  const double start = SteadySeconds();
  STRATA_RETURN_IF_ERROR(UseThreads(options.threads));
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Checkpoint> opened, OpenCheckpoint(options.model_path));
  const Checkpoint& source = *opened;  // the streamed model keeps it alive
  const ModelConfig& config = source.config();
  STRATA_RETURN_IF_ERROR(CheckOptions(config, options));
  STRATA_ASSIGN_OR_RETURN(const auto writer, NewWriter(source, options));
  STRATA_ASSIGN_OR_RETURN(const CalibrationText text, ReadCalibration(options, config));
  STRATA_ASSIGN_OR_RETURN(const auto model,
                          TransformerModel::Load(std::move(opened), Residence::kStream));
  STRATA_RETURN_IF_ERROR(writer->Start(output));

  ModelPruningResult result;
  result.text_digest = text.digest;
  SequentialPruner pruner(*model, text.sequences, SparsityOfBlocks(config, options.sparsity),
                          {.method = options.method, .protocol = options.protocol});
  for (int block = 0; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / config.blocks)) {
      return absl::CancelledError(
          fmt::format("stopped before block {} of {}", block, config.blocks));
    }
    STRATA_ASSIGN_OR_RETURN(const PrunedBlock pruned, pruner.Next(block));
    for (int linear = 0; linear < config.linears_per_block(); ++linear) {
      const at::Tensor matrix = pruned.matrices.Linear(config, linear);
      STRATA_ASSIGN_OR_RETURN(const auto zeros, writer->WriteRows(LinearName(config, block, linear),
                                                                  0, ValuesOf(matrix)));
      result.linears.push_back({matrix.numel(), zeros});
    }
  }
  for (const NamedShape& tensor : TensorsOf(config)) {
    if (tensor.is_linear) continue;
    STRATA_RETURN_IF_ERROR(CopyTensor(source, tensor, *writer));
  }
  STRATA_RETURN_IF_ERROR(writer->Finish());
  result.seconds = SecondsSince(start);
  return result;
}

}  // namespace

absl::StatusOr<ModelPruningPlan> PlanModelPruning(const ModelPruningOptions& options) {
  return Plan(options);
}

absl::StatusOr<ModelPruningResult> PruneModel(const ModelPruningOptions& options,
                                              const std::string& output, const Progress& progress) {
  return CatchLibTorchErrors("pruning the model", [&] { return Prune(options, output, progress); });
}

}  // namespace strata::evaluator

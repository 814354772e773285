#include "evaluator/measurement/model_pruning.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

#include "evaluator/checkpoint/checkpoint_writer.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/libtorch_threads.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/linear_sparsity.h"
#include "evaluator/pruners/pruning_method.h"
#include "evaluator/pruners/sequential_pruner.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::evaluator {
namespace {

absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewWriter(const Checkpoint& source,
                                                            const ModelPruningOptions& options) {
  const CheckpointWriterOptions writer_options = {.format = options.format,
                                                  .shard_bytes = options.shard_bytes,
                                                  .left_out = {kRecipeFile},
                                                  .recipe = options.recipe};
  if (options.to_gguf) return NewGgufWriter(source, writer_options);
  if (const auto* folder = dynamic_cast<const HuggingFaceCheckpoint*>(&source)) {
    return NewHuggingFaceWriter(*folder, writer_options);
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
  if (absl::Status status = CheckOnePass(options.protocol); !status.ok()) return status;
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
  const absl::StatusOr<std::unique_ptr<Checkpoint>> source = OpenCheckpoint(options.model_path);
  if (!source.ok()) return source.status();
  if (absl::Status status = CheckOptions((*source)->config(), options); !status.ok()) {
    return status;
  }
  const auto writer = NewWriter(**source, options);
  if (!writer.ok()) return writer.status();
  return ModelPruningPlan{(*writer)->files(), (*writer)->bytes()};
}

// The calibration sequences and the digest of the text; none where the pruner needs none.
struct CalibrationText {
  Windows sequences;
  std::string digest;
};

absl::StatusOr<CalibrationText> ReadCalibration(const ModelPruningOptions& options) {
  CalibrationText text;
  if (!NeedsActivations(options.method.pruner)) return text;
  const absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer = OpenTokenizer(options.model_path);
  if (!tokenizer.ok()) return tokenizer.status();
  const absl::StatusOr<TextCorpus> corpus = TextCorpus::Load(options.text_path, **tokenizer);
  if (!corpus.ok()) return corpus.status();
  absl::StatusOr<Windows> sequences = corpus->Windows(
      Split::kCalibration, options.calibration.sequences, options.calibration.sequence_tokens);
  if (!sequences.ok()) return sequences.status();
  text.sequences = *std::move(sequences);
  text.digest = corpus->digest();
  return text;
}

absl::StatusOr<ModelPruningResult> Prune(const ModelPruningOptions& options,
                                         const std::string& output, const Progress& progress) {
  const at::InferenceMode guard;
  const auto start = std::chrono::steady_clock::now();
  if (absl::Status status = UseThreads(options.threads); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Checkpoint>> opened = OpenCheckpoint(options.model_path);
  if (!opened.ok()) return opened.status();
  const Checkpoint& source = **opened;  // kept by the streamed model
  const ModelConfig& config = source.config();
  if (absl::Status status = CheckOptions(config, options); !status.ok()) return status;
  const auto writer = NewWriter(source, options);
  if (!writer.ok()) return writer.status();
  const absl::StatusOr<CalibrationText> text = ReadCalibration(options);
  if (!text.ok()) return text.status();
  const auto model = TransformerModel::Load(*std::move(opened), Residence::kStream);
  if (!model.ok()) return model.status();
  if (absl::Status status = (*writer)->Start(output); !status.ok()) return status;

  ModelPruningResult result;
  result.text_digest = text->digest;
  SequentialPruner pruner(**model, text->sequences,
                          {.method = options.method, .protocol = options.protocol});
  const std::vector<BlockSparsity> sparsity = SparsityOfBlocks(config, options.sparsity);
  for (int block = 0; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / config.blocks)) {
      return absl::CancelledError(
          fmt::format("stopped before block {} of {}", block, config.blocks));
    }
    const absl::StatusOr<PrunedBlock> pruned = pruner.Prune(block, sparsity[block]);
    if (!pruned.ok()) return pruned.status();
    for (int linear = 0; linear < config.linears_per_block(); ++linear) {
      const at::Tensor matrix = pruned->matrices.Linear(config, linear);
      const auto zeros =
          (*writer)->WriteRows(LinearName(config, block, linear), 0, ValuesOf(matrix));
      if (!zeros.ok()) return zeros.status();
      result.linears.push_back({matrix.numel(), *zeros});
    }
  }
  for (const NamedShape& tensor : TensorsOf(config)) {
    if (tensor.is_linear) continue;
    if (absl::Status status = CopyTensor(source, tensor, **writer); !status.ok()) return status;
  }
  if (absl::Status status = (*writer)->Finish(); !status.ok()) return status;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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

#include "evaluator/tasks/model_versions.h"

#include <fmt/format.h>

#include <utility>

#include "evaluator/pruners/block_source.h"
#include "evaluator/pruners/block_statistics.h"
#include "evaluator/pruners/linear_sparsity.h"
#include "evaluator/pruners/sequential_pruner.h"
#include "expr/status_macros.h"

namespace strata::tasks {

using evaluator::BlockSource;
using evaluator::Residence;

bool operator==(const ModelVersion& one, const ModelVersion& other) {
  return one.sparsity == other.sparsity && one.method == other.method &&
         one.protocol == other.protocol &&
         one.calibration.sequences == other.calibration.sequences &&
         one.calibration.sequence_tokens == other.calibration.sequence_tokens;
}

CountingBlocks::CountingBlocks(std::unique_ptr<BlockSource> source, int blocks)
    : source_(std::move(source)), zeros_(static_cast<size_t>(blocks), -1) {}

absl::StatusOr<evaluator::PrunedBlock> CountingBlocks::Next(int block) {
  STRATA_ASSIGN_OR_RETURN(const evaluator::PrunedBlock pruned, source_->Next(block));
  zeros_[static_cast<size_t>(block)] = pruned.zeros;
  return pruned;
}

std::optional<int64_t> CountingBlocks::zeros() const {
  int64_t total = 0;
  for (const int64_t zeros : zeros_) {
    if (zeros < 0) return std::nullopt;
    total += zeros;
  }
  return total;
}

ModelVersions::ModelVersions(const evaluator::TransformerModel& model,
                             const evaluator::ModelSummary& summary,
                             const evaluator::Tokenizer& tokenizer,
                             const TaskEvaluatorOptions& options)
    : model_(model), summary_(summary), tokenizer_(tokenizer), options_(options) {}

bool ModelVersions::AreHeld() const { return options_.residence == Residence::kMemory; }

absl::Status ModelVersions::Check(const ModelVersion& version) const {
  if (version.sparsity.empty()) return absl::OkStatus();
  if (version.sparsity.size() != summary_.linears.size()) {
    return absl::InvalidArgumentError(
        fmt::format("expected {} sparsities, one for each linear, found {}",
                    summary_.linears.size(), version.sparsity.size()));
  }
  return evaluator::CheckPatterns(model_.config(), version.sparsity, version.method.group);
}

absl::StatusOr<const evaluator::TextCorpus*> ModelVersions::CalibrationText() {
  if (corpus_.has_value()) return &*corpus_;
  if (options_.calibration_text_path.empty()) {
    return absl::InvalidArgumentError("this pruner needs a text to calibrate with, found none");
  }
  STRATA_ASSIGN_OR_RETURN(auto corpus,
                          evaluator::TextCorpus::Load(options_.calibration_text_path, tokenizer_));
  corpus_ = std::move(corpus);
  return &*corpus_;
}

absl::StatusOr<std::unique_ptr<BlockSource>> ModelVersions::Make(const ModelVersion& version) {
  if (version.sparsity.empty()) {
    return std::make_unique<evaluator::DenseBlocks>(model_, options_.arithmetic);
  }
  evaluator::Windows sequences;
  if (evaluator::NeedsActivations(version.method.pruner)) {
    STRATA_ASSIGN_OR_RETURN(const auto corpus, CalibrationText());
    STRATA_ASSIGN_OR_RETURN(auto windows,
                            evaluator::CalibrationSequences(*corpus, version.calibration));
    sequences = std::move(windows);
  }
  auto pruner = std::make_unique<evaluator::SequentialPruner>(
      model_, sequences, evaluator::SparsityOfBlocks(model_.config(), version.sparsity),
      evaluator::SequentialPrunerOptions{version.method, options_.arithmetic, version.protocol});
  if (!AreHeld()) return pruner;
  return std::make_unique<evaluator::HeldBlocks>(model_.config(), options_.arithmetic,
                                                 std::move(pruner));
}

absl::StatusOr<BlockSource*> ModelVersions::Blocks(const ModelVersion& version) {
  // The pruner of a streamed model can go through the blocks only once.
  const bool can_repeat = AreHeld() || version.sparsity.empty();
  if (blocks_ != nullptr && current_ == version && can_repeat) return blocks_.get();
  STRATA_RETURN_IF_ERROR(Check(version));
  current_.reset();
  blocks_.reset();  // before the next one takes memory
  STRATA_ASSIGN_OR_RETURN(auto blocks, Make(version));
  blocks_ = std::make_unique<CountingBlocks>(std::move(blocks), model_.config().blocks);
  current_ = version;
  return blocks_.get();
}

std::optional<int64_t> ModelVersions::CountedZeros(const ModelVersion& version) const {
  return blocks_ != nullptr && current_ == version ? blocks_->zeros() : std::nullopt;
}

absl::StatusOr<std::string> ModelVersions::NameOf(const ModelVersion& version) {
  std::string name = summary_.digest;
  if (version.sparsity.empty()) return name;
  name += fmt::format(" pruner {} group {} protocol {} sparsity",
                      static_cast<int>(version.method.pruner), version.method.group,
                      static_cast<int>(version.protocol));
  for (const double sparsity : version.sparsity) name += fmt::format(" {}", sparsity);
  if (!evaluator::NeedsActivations(version.method.pruner)) return name;
  STRATA_ASSIGN_OR_RETURN(const auto corpus, CalibrationText());
  return name + fmt::format(" calibration {} {} {}", corpus->digest(),
                            version.calibration.sequences, version.calibration.sequence_tokens);
}

}  // namespace strata::tasks

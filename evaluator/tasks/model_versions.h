// Gives the blocks of a model's versions, made on demand and kept if the model is held in memory.
#ifndef STRATA_EVALUATOR_TASKS_MODEL_VERSIONS_H_
#define STRATA_EVALUATOR_TASKS_MODEL_VERSIONS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_source.h"
#include "evaluator/tasks/task_evaluator.h"
#include "evaluator/tokenizer/text_corpus.h"

namespace strata::tasks {

// Passes blocks on and remembers how many zeros each of them holds.
class CountingBlocks final : public evaluator::BlockSource {
 public:
  CountingBlocks(std::unique_ptr<evaluator::BlockSource> source, int blocks);
  absl::StatusOr<evaluator::PrunedBlock> Next(int block) override;
  // Returns the zeros of all blocks; nullopt until every block was passed on.
  std::optional<int64_t> zeros() const;

 private:
  const std::unique_ptr<evaluator::BlockSource> source_;
  std::vector<int64_t> zeros_;  // by block; -1: not passed on yet
};

class ModelVersions {
 public:
  // `model`, `summary` and `tokenizer` must outlive this object.
  ModelVersions(const evaluator::TransformerModel& model, const evaluator::ModelSummary& summary,
                const evaluator::Tokenizer& tokenizer, const TaskEvaluatorOptions& options);

  // Returns the blocks of a version from block 0 on, valid until the next call. Errors:
  // InvalidArgument for a wrong number of sparsities, a sparsity that the method cannot have, or a
  // pruner without its calibration text.
  absl::StatusOr<evaluator::BlockSource*> Blocks(const ModelVersion& version);

  // Returns the number of zeros in the prunable weights of a version, counted while its blocks were
  // used; nullopt if another version was used last, or not every block was.
  std::optional<int64_t> CountedZeros(const ModelVersion& version) const;

  // True if blocks are held in memory rather than read or pruned anew for each pass.
  bool AreHeld() const;

  // Returns a text that holds everything that decides the blocks of a version of this model.
  absl::StatusOr<std::string> NameOf(const ModelVersion& version);

 private:
  absl::Status Check(const ModelVersion& version) const;
  absl::StatusOr<const evaluator::TextCorpus*> CalibrationText();
  absl::StatusOr<std::unique_ptr<evaluator::BlockSource>> Make(const ModelVersion& version);

  const evaluator::TransformerModel& model_;
  const evaluator::ModelSummary& summary_;
  const evaluator::Tokenizer& tokenizer_;
  TaskEvaluatorOptions options_;
  std::optional<evaluator::TextCorpus> corpus_;
  std::optional<ModelVersion> current_;
  std::unique_ptr<CountingBlocks> blocks_;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_MODEL_VERSIONS_H_

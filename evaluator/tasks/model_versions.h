// The blocks of a model's versions, made when they are needed and kept where that pays.
#ifndef STRATA_EVALUATOR_TASKS_MODEL_VERSIONS_H_
#define STRATA_EVALUATOR_TASKS_MODEL_VERSIONS_H_

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_pruner.h"
#include "evaluator/residence.h"
#include "evaluator/tasks/task_evaluator.h"
#include "evaluator/tokenizer/text_corpus.h"

namespace strata::tasks {

class ModelVersions {
 public:
  // All must outlive this.
  ModelVersions(const evaluator::TransformerModel& model, const evaluator::ModelSummary& summary,
                const evaluator::Tokenizer& tokenizer, const TaskEvaluatorOptions& options);

  // Blocks of a version from block 0 on, valid until the next call. InvalidArgument for another
  // number of sparsities, a sparsity that the method cannot have, or a pruner without its text.
  absl::StatusOr<evaluator::BlockPruner*> Blocks(const ModelVersion& version);

  // Whether blocks are at hand in memory, rather than read or pruned anew for each pass.
  bool AreHeld() const;

  // One entry per block.
  std::vector<evaluator::BlockSparsity> SparsityOf(const ModelVersion& version) const;

  // Everything that decides the blocks of a version of this model, as text.
  absl::StatusOr<std::string> NameOf(const ModelVersion& version);

 private:
  absl::Status Check(const ModelVersion& version) const;
  absl::StatusOr<const evaluator::TextCorpus*> CalibrationText();
  absl::StatusOr<std::unique_ptr<evaluator::BlockPruner>> Make(const ModelVersion& version);

  const evaluator::TransformerModel& model_;
  const evaluator::ModelSummary& summary_;
  const evaluator::Tokenizer& tokenizer_;
  TaskEvaluatorOptions options_;
  std::optional<evaluator::TextCorpus> corpus_;
  std::optional<ModelVersion> current_;
  std::unique_ptr<evaluator::BlockPruner> blocks_;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_MODEL_VERSIONS_H_

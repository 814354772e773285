// From a request to what prunes the blocks as it says.
#ifndef STRATA_EVALUATOR_PRUNER_SOURCE_H_
#define STRATA_EVALUATOR_PRUNER_SOURCE_H_

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/calibration/calibrator.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_pruner.h"
#include "evaluator/pruners/level_database.h"
#include "evaluator/pruners/one_shot_pruner.h"
#include "evaluator/pruners/rank_bank.h"
#include "evaluator/tokenizer/text_corpus.h"

namespace strata::evaluator {

// Keeps the ranks and factors of the last calibration with which was pruned one-shot. Not
// thread-safe.
class PrunerSource {
 public:
  // All must outlive it, and what it makes. `bank_folder` as ModelEvaluatorOptions has it.
  PrunerSource(const ModelSummary& summary, const TransformerModel& model, const TextCorpus& corpus,
               Calibrator& calibrator, std::string bank_folder, std::optional<LevelDatabase> levels)
      : summary_(summary),
        model_(model),
        corpus_(corpus),
        calibrator_(calibrator),
        bank_folder_(std::move(bank_folder)),
        levels_(std::move(levels)) {}

  // Of the request's allocation, given as `sparsity` of every block; an empty one is the dense
  // model. Valid until the next call. FailedPrecondition for a level database that is not the one
  // the request names; errors of what is measured on the way; Cancelled.
  absl::StatusOr<std::unique_ptr<BlockPruner>> Make(const EvaluateRequest& request,
                                                    const std::vector<BlockSparsity>& sparsity,
                                                    const Progress& progress);

 private:
  absl::StatusOr<std::unique_ptr<BlockPruner>> MakeOneShot(const EvaluateRequest& request,
                                                           const Progress& progress);
  absl::StatusOr<std::unique_ptr<BlockPruner>> MakeFromRanks(const EvaluateRequest& request,
                                                             const Progress& progress);
  absl::StatusOr<RankBank> MakeRanks(const EvaluateRequest& request, const Progress& progress);
  absl::StatusOr<std::unique_ptr<BlockPruner>> MakeFromFactors(const EvaluateRequest& request,
                                                               const Progress& progress);
  absl::StatusOr<std::unique_ptr<BlockPruner>> MakeFromLevels(
      const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity) const;

  const ModelSummary& summary_;
  const TransformerModel& model_;
  const TextCorpus& corpus_;
  Calibrator& calibrator_;
  const std::string bank_folder_;
  const std::optional<LevelDatabase> levels_;
  // Made when first needed.
  std::optional<Calibration> banked_;
  std::optional<RankBank> ranks_;
  std::optional<FactorBank> factors_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNER_SOURCE_H_

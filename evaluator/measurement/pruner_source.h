// Makes the block source that an evaluation request describes.
#ifndef STRATA_EVALUATOR_MEASUREMENT_PRUNER_SOURCE_H_
#define STRATA_EVALUATOR_MEASUREMENT_PRUNER_SOURCE_H_

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/calibration/calibrator.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_source.h"
#include "evaluator/pruners/level_database.h"
#include "evaluator/pruners/one_shot_pruner.h"
#include "evaluator/pruners/rank_bank.h"
#include "evaluator/tokenizer/text_corpus.h"

namespace strata::evaluator {

// Makes block sources, and keeps the ranks and factors of the last one-shot calibration for the
// next request. Not thread-safe.
class PrunerSource {
 public:
  // All references must outlive this object and what it makes. `bank_folder` is that of
  // ModelEvaluatorOptions.
  PrunerSource(const ModelSummary& summary, const TransformerModel& model, const TextCorpus& corpus,
               Calibrator& calibrator, std::string bank_folder, std::optional<LevelDatabase> levels)
      : summary_(summary),
        model_(model),
        corpus_(corpus),
        calibrator_(calibrator),
        bank_folder_(std::move(bank_folder)),
        levels_(std::move(levels)) {}

  // Returns the block source for the request's allocation, which `sparsity` gives per block. An
  // empty allocation means the dense model. The result is valid until the next call. Errors:
  // FailedPrecondition if the level database is not the one that the request names; those of the
  // measurements that are needed; Cancelled.
  absl::StatusOr<std::unique_ptr<BlockSource>> Make(const EvaluateRequest& request,
                                                    const std::vector<BlockSparsity>& sparsity,
                                                    const Progress& progress);

 private:
  absl::StatusOr<std::unique_ptr<BlockSource>> MakeOneShot(
      const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity,
      const Progress& progress);
  absl::StatusOr<std::unique_ptr<BlockSource>> MakeFromRanks(
      const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity,
      const Progress& progress);
  absl::StatusOr<RankBank> MakeRanks(const EvaluateRequest& request, const Progress& progress);
  absl::StatusOr<std::unique_ptr<BlockSource>> MakeFromFactors(
      const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity,
      const Progress& progress);
  absl::StatusOr<std::unique_ptr<BlockSource>> MakeFromLevels(
      const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity) const;

  const ModelSummary& summary_;
  const TransformerModel& model_;
  const TextCorpus& corpus_;
  Calibrator& calibrator_;
  const std::string bank_folder_;
  const std::optional<LevelDatabase> levels_;
  // Each is made when it is first needed.
  std::optional<Calibration> banked_;
  std::optional<RankBank> ranks_;
  std::optional<FactorBank> factors_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MEASUREMENT_PRUNER_SOURCE_H_

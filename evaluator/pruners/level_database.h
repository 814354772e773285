// Databases, on disk, of the weights that one-shot SparseGPT leaves at every sparsity of a grid:
// how they are computed, and how they prune a model.
#ifndef STRATA_EVALUATOR_PRUNERS_LEVEL_DATABASE_H_
#define STRATA_EVALUATOR_PRUNERS_LEVEL_DATABASE_H_

#include <absl/status/statusor.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "evaluator/banks/bank_writer.h"
#include "evaluator/banks/level_layout.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_source.h"
#include "pruning/level_choice.h"

namespace strata::evaluator {

// Computes the entries that `writer` lacks and appends them, block by block. The calibration
// sequences run through the dense model, and the Hessians of a block's inputs are factored once for
// all levels of its linears. Memory holds the activations, one block and its factors. The same
// number of threads gives the same bytes, wherever the work was interrupted. Errors: those of
// RunAndFactor and SparseGptPrune, with block and linear, and of BankWriter::Append; Cancelled.
absl::Status ComputeLevels(const TransformerModel& model, const Windows& sequences,
                           const LevelLayout& layout, BankWriter& writer, const Progress& progress);

// An opened database. Immutable; const access is thread-safe.
class LevelDatabase {
 public:
  // Errors: FailedPrecondition, naming what differs, if the database is of another model or text;
  // those of BankFile::Open, of which NotFound says how to build one.
  static absl::StatusOr<LevelDatabase> Open(const std::string& folder, const ModelSummary& model,
                                            const std::string& text_digest);

  const BankFile& file() const { return *file_; }
  const LevelLayout& layout() const { return layout_; }

 private:
  LevelDatabase(std::unique_ptr<BankFile> file, LevelLayout layout)
      : file_(std::move(file)), layout_(std::move(layout)) {}

  std::unique_ptr<BankFile> file_;
  LevelLayout layout_;
};

// Gives the levels that together are nearest to an allocation.
class OneShotLevels : public BlockSource {
 public:
  // `model` and `database` must outlive the source. `sparsity` has one entry per block. Errors:
  // those of pruning::ChooseLevels.
  static absl::StatusOr<std::unique_ptr<OneShotLevels>> Create(
      const TransformerModel& model, const LevelDatabase& database,
      std::span<const BlockSparsity> sparsity, Arithmetic arithmetic);

  const pruning::LevelChoice& choice() const { return choice_; }

  // Returns the levels chosen for the block. Errors: DataLoss if the file was altered.
  absl::StatusOr<PrunedBlock> Next(int block) override;

 private:
  OneShotLevels(const TransformerModel& model, const LevelDatabase& database,
                pruning::LevelChoice choice, Arithmetic arithmetic);
  absl::Status LoadDense(int block, int linear, at::Tensor& weights);
  absl::Status LoadLevel(int entry, at::Tensor& weights);

  const TransformerModel& model_;
  const LevelDatabase& database_;
  pruning::LevelChoice choice_;
  BlockMatrices buffer_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_LEVEL_DATABASE_H_

// A level database without its weights: the settings it was made with, and the place of each level.
// One-shot SparseGPT prunes every linear of a model once at every sparsity of a grid. An allocation
// then takes weights from the database instead of solving for them. See docs/levels.md.
#ifndef STRATA_EVALUATOR_BANKS_LEVEL_LAYOUT_H_
#define STRATA_EVALUATOR_BANKS_LEVEL_LAYOUT_H_

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "evaluator/banks/bank_file.h"
#include "evaluator/banks/bank_layout.h"
#include "evaluator/evaluator.h"
#include "pruning/level_grid.h"

namespace strata::evaluator {

// The number type of the stored weights.
enum class LevelStore { kBFloat16, kFloat32 };

struct LevelSettings {
  Calibration calibration;
  int64_t group = 0;  // M of n:M; 0: unstructured
  pruning::LevelGrid grid;
  LevelStore store = LevelStore::kBFloat16;
};

// Returns the name of a calibration in keys, such as "8x256".
std::string CalibrationText(const Calibration& calibration);

std::string NameOf(LevelStore store);  // "bf16", "fp32"
// Errors: InvalidArgument, listing the known names.
absl::StatusOr<LevelStore> ParseLevelStore(const std::string& name);

// Index of the first linear of a block that has each of the block's four different inputs: query,
// attention output, gate or up, and down, which is the last.
constexpr std::array<int, 4> FirstLinearOfInputs(int linears_per_block) {
  return {0, 3, 4, linears_per_block - 1};
}

// Number of bytes that hold one bit per entry of an input.
constexpr int64_t DeadInputBytes(int64_t columns) { return (columns + 7) / 8; }

// The entries of the bank, in this order. For every block: first its dead inputs, one bit for each
// entry of the four inputs, lowest bit first, each input in whole bytes; then, for each linear and
// each sparsity of the grid except 0, the weights, row-major. At sparsity 0 a linear has its dense
// weights without those of the dead inputs, so it needs no entry.
class LevelLayout {
 public:
  // Errors: InvalidArgument if the group does not divide the inputs of a linear, or if a level is
  // not a whole number of zeros per group.
  static absl::StatusOr<LevelLayout> Create(const ModelSummary& model,
                                            const std::string& text_digest,
                                            const LevelSettings& settings);

  const BankLayout& bank() const { return bank_; }
  const LevelSettings& settings() const { return settings_; }

  int DeadInputsEntry(int block) const { return block * entries_per_block_; }
  // `level` is an index into the grid. Returns -1 at sparsity 0.
  int WeightsEntry(int block, int linear, int level) const;

 private:
  LevelLayout(const LevelSettings& settings, BankLayout bank, int entries_per_block)
      : settings_(settings), bank_(std::move(bank)), entries_per_block_(entries_per_block) {}

  LevelSettings settings_;
  BankLayout bank_;
  int entries_per_block_;
};

// Returns the path of the file of a level database in its folder.
std::string LevelFilePath(const std::string& folder);

// Returns the settings that a file was made with. Errors: InvalidArgument if it is not a level
// database.
absl::StatusOr<LevelSettings> LevelSettingsOf(const BankFile& file);

// Checks that the file was made for this model and text, with this calibration and group. Errors:
// FailedPrecondition, naming the differences, if it was not; errors of LevelSettingsOf.
absl::Status CheckLevels(const BankFile& file, const ModelSummary& model,
                         const std::string& text_digest, const Calibration& calibration,
                         int64_t group);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BANKS_LEVEL_LAYOUT_H_

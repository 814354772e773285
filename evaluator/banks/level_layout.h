// A level database without its weights: what it was made of, and where each level lies. Every
// linear of a model is pruned by one-shot SparseGPT at every sparsity of a grid, once; an
// allocation then takes weights in place of solving for them. See docs/levels.md.
#ifndef STRATA_EVALUATOR_LEVEL_LAYOUT_H_
#define STRATA_EVALUATOR_LEVEL_LAYOUT_H_

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

// How weights are kept.
enum class LevelStore { kBFloat16, kFloat32 };

struct LevelSettings {
  Calibration calibration;
  int64_t group = 0;  // M of n:M; 0: unstructured
  pruning::LevelGrid grid;
  LevelStore store = LevelStore::kBFloat16;
};

// "8x256": how keys name a calibration.
std::string CalibrationText(const Calibration& calibration);

std::string NameOf(LevelStore store);  // "bf16", "fp32"
// InvalidArgument lists the known names.
absl::StatusOr<LevelStore> ParseLevelStore(const std::string& name);

// The first linear of a block that has each of its four different inputs: query, attention output,
// gate or up, and down, which is the last.
constexpr std::array<int, 4> FirstLinearOfInputs(int linears_per_block) {
  return {0, 3, 4, linears_per_block - 1};
}

// Of one bit for each of an input's entries.
constexpr int64_t DeadInputBytes(int64_t columns) { return (columns + 7) / 8; }

// Entries, in this order: for every block first its dead inputs, one bit for each entry of the
// four inputs, the lowest bit first, each input in whole bytes; then for each linear and
// each level but 0 its weights, row-major. At level 0 a linear has its dense weights, without those
// of the dead inputs, so it needs no entry.
class LevelLayout {
 public:
  // InvalidArgument for a group that does not divide the inputs of a linear, and for a level that
  // is no whole number of zeros per group.
  static absl::StatusOr<LevelLayout> Create(const ModelSummary& model,
                                            const std::string& text_digest,
                                            const LevelSettings& settings);

  const BankLayout& bank() const { return bank_; }
  const LevelSettings& settings() const { return settings_; }

  int DeadInputsEntry(int block) const { return block * entries_per_block_; }
  // `level` is an index into the grid; -1 at sparsity 0.
  int WeightsEntry(int block, int linear, int level) const;

 private:
  LevelLayout(const LevelSettings& settings, BankLayout bank, int entries_per_block)
      : settings_(settings), bank_(std::move(bank)), entries_per_block_(entries_per_block) {}

  LevelSettings settings_;
  BankLayout bank_;
  int entries_per_block_;
};

// The file of a level database in its folder.
std::string LevelFilePath(const std::string& folder);

// What an opened file says it was made with. InvalidArgument if it is no level database.
absl::StatusOr<LevelSettings> LevelSettingsOf(const BankFile& file);

// FailedPrecondition, naming what differs, unless the file was made for this model and text, with
// this calibration and group. Errors of LevelSettingsOf.
absl::Status CheckLevels(const BankFile& file, const ModelSummary& model,
                         const std::string& text_digest, const Calibration& calibration,
                         int64_t group);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_LEVEL_LAYOUT_H_

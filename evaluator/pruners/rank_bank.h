// Ranks of all weights of a model by one score. Any allocation is pruned from them in one pass.
// They are in memory, or in a file that the workers of a machine share.
#ifndef STRATA_EVALUATOR_PRUNERS_RANK_BANK_H_
#define STRATA_EVALUATOR_PRUNERS_RANK_BANK_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "evaluator/banks/bank_file.h"
#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/model/transformer_model.h"
#include "pruning/weight_ranks.h"

namespace strata::evaluator {

// The folder in which ranks are kept, and everything that they depend on.
struct RankBankPlace {
  std::string folder;
  ModelSummary model;
  std::string text_digest;
  Calibration calibration;
  PruningMethod method;
};

// Immutable; not for SparseGPT.
class RankBank {
 public:
  // Computes the ranks in memory. Errors: those of pruning::WeightScores::Create and
  // WeightRanks::Build, with block and linear; Cancelled.
  static absl::StatusOr<RankBank> Build(const TransformerModel& model,
                                        const CalibrationStatistics& statistics,
                                        const PruningMethod& method, const Progress& progress);

  // Called only if the file must be built.
  using StatisticsSource = std::function<absl::StatusOr<const CalibrationStatistics*>()>;

  // Maps the file of the place. If it is missing, one process builds it while others wait. Its name
  // is ranks-DIGEST.bank, with a digest of all that the ranks depend on: model, text, calibration,
  // method, and the threads and instructions with which they are computed, because these move the
  // last bits of the statistics. Errors: those of Build and OpenOrBuildBank.
  static absl::StatusOr<RankBank> OpenOrBuild(const RankBankPlace& place,
                                              const TransformerModel& model,
                                              const StatisticsSource& statistics,
                                              const Progress& progress);

  const PruningMethod& method() const { return method_; }
  const pruning::WeightRanks& ranks(int block, int linear) const {
    return ranks_[block * linears_per_block_ + linear];
  }

 private:
  PruningMethod method_;
  std::unique_ptr<BankFile> file_;  // null in memory
  int linears_per_block_ = 0;
  std::vector<pruning::WeightRanks> ranks_;
};

// Describes the file that OpenOrBuild writes.
BankLayout RankBankLayout(const RankBankPlace& place);
std::string RankBankPath(const RankBankPlace& place);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_RANK_BANK_H_

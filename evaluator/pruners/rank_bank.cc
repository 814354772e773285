#include "evaluator/pruners/rank_bank.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <filesystem>
#include <utility>

#include "evaluator/banks/bank_writer.h"
#include "evaluator/banks/level_layout.h"
#include "evaluator/pruners/block_source.h"
#include "evaluator/pruners/block_statistics.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// Changes with anything that changes the ranks.
constexpr const char* kContents = "ranks of weights, version 1";

absl::StatusOr<pruning::WeightRanks> RankLinear(const TransformerModel& model,
                                                const BlockMatrices& matrices,
                                                const CalibrationStatistics& statistics,
                                                const PruningMethod& method, int block,
                                                int linear) {
  const at::Tensor weights = matrices.Linear(model.config(), linear);
  const auto scores = pruning::WeightScores::Create(ScoreOf(method.pruner), ViewOf(weights),
                                                    statistics.ScalerRow(block, linear));
  if (!scores.ok()) return InLinear(scores.status(), block, linear);
  auto ranks = pruning::WeightRanks::Build(*scores, CompetitionOf(method));
  if (!ranks.ok()) return InLinear(ranks.status(), block, linear);
  return ranks;
}

// Hands over the ranks of the linears from number `first` on.
absl::Status RankLinears(const TransformerModel& model, const CalibrationStatistics& statistics,
                         const PruningMethod& method, int first, const Progress& progress,
                         const std::function<absl::Status(pruning::WeightRanks ranks)>& take) {
  const at::InferenceMode guard;
  const int blocks = model.config().blocks;
  const int per_block = model.config().linears_per_block();
  for (int block = first / per_block; block < blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / blocks)) {
      return absl::CancelledError("stopped while ranking weights");
    }
    const BlockMatrices matrices = model.matrices(block);
    for (int linear = 0; linear < per_block; ++linear) {
      if (block * per_block + linear < first) continue;
      STRATA_ASSIGN_OR_RETURN(auto ranks,
                              RankLinear(model, matrices, statistics, method, block, linear));
      STRATA_RETURN_IF_ERROR(take(std::move(ranks)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

BankLayout RankBankLayout(const RankBankPlace& place) {
  BankKey key{{{"contents", kContents},
               {"model", place.model.digest},
               {"text", place.text_digest},
               {"calibration", CalibrationText(place.calibration)},
               {"score", pruning::ScoreRow(ScoreOf(place.method.pruner)).name},
               {"group", fmt::format("{}", place.method.group)},
               {"computed with", fmt::format("LibTorch {}, {}, {} threads", TORCH_VERSION,
                                             at::get_cpu_capability(), at::get_num_threads())}}};
  const int64_t bytes_per_weight = pruning::BytesPerWeight(CompetitionOf(place.method).scope);
  std::vector<BankEntry> entries;
  for (const LinearShape& linear : place.model.linears) {
    entries.push_back({fmt::format("block {}, {}", linear.block, linear.name),
                       linear.rows * linear.columns * bytes_per_weight});
  }
  return BankLayout(std::move(key), std::move(entries));
}

std::string RankBankPath(const RankBankPlace& place) {
  constexpr size_t kDigits = 16;
  const std::string digest = RankBankLayout(place).key().Digest().substr(0, kDigits);
  return std::filesystem::path(place.folder) / fmt::format("ranks-{}.bank", digest);
}

absl::StatusOr<RankBank> RankBank::Build(const TransformerModel& model,
                                         const CalibrationStatistics& statistics,
                                         const PruningMethod& method, const Progress& progress) {
  RankBank bank;
  bank.method_ = method;
  bank.linears_per_block_ = model.config().linears_per_block();
  absl::Status status =
      RankLinears(model, statistics, method, 0, progress, [&](pruning::WeightRanks ranks) {
        bank.ranks_.push_back(std::move(ranks));
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return bank;
}

absl::StatusOr<RankBank> RankBank::OpenOrBuild(const RankBankPlace& place,
                                               const TransformerModel& model,
                                               const StatisticsSource& statistics,
                                               const Progress& progress) {
  const auto build = [&](BankWriter& writer) -> absl::Status {
    STRATA_ASSIGN_OR_RETURN(const auto found, statistics());
    return RankLinears(
        model, *found, place.method, writer.next(), progress,
        [&](const pruning::WeightRanks& ranks) { return writer.Append(ranks.bytes()); });
  };
  STRATA_ASSIGN_OR_RETURN(
      BankFile file, OpenOrBuildBank(RankBankPath(place), RankBankLayout(place), build, progress));
  RankBank bank;
  bank.method_ = place.method;
  bank.linears_per_block_ = model.config().linears_per_block();
  bank.file_ = std::make_unique<BankFile>(std::move(file));
  for (size_t i = 0; i < place.model.linears.size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(const auto bytes, bank.file_->Entry(static_cast<int>(i)));
    const LinearShape& linear = place.model.linears[i];
    STRATA_ASSIGN_OR_RETURN(auto ranks,
                            pruning::WeightRanks::FromBytes({nullptr, linear.rows, linear.columns},
                                                            CompetitionOf(place.method), bytes));
    bank.ranks_.push_back(std::move(ranks));
  }
  return bank;
}

}  // namespace strata::evaluator

#include "evaluator/pruners/one_shot_pruner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "evaluator/pruners/block_statistics.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr int64_t kMaximumFactorBytes = int64_t{8} << 30;

absl::Status CheckFactorBytes(const ModelConfig& config) {
  const int64_t hidden = config.hidden * config.hidden;
  const int64_t bytes = config.blocks * int64_t{4} *
                        (2 * hidden + config.query_rows() * config.query_rows() +
                         config.feed_forward * config.feed_forward);
  if (bytes <= kMaximumFactorBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format(
      "one-shot SparseGPT holds the factors of all Hessians: {:.1f} GiB for this model, more than "
      "the limit of {} GiB; build a level database, which holds those of one block at a time, or "
      "use the sequential protocol",
      static_cast<double>(bytes) / static_cast<double>(1 << 30), kMaximumFactorBytes >> 30));
}

}  // namespace

OneShotRanks::OneShotRanks(const TransformerModel& model, const RankBank& bank,
                           std::vector<BlockSparsity> sparsity, Arithmetic arithmetic)
    : model_(model), bank_(bank), sparsity_(std::move(sparsity)), arithmetic_(arithmetic) {
  const at::InferenceMode guard;
  buffer_ = BlockMatrices::Allocate(model.config(), arithmetic);
}

absl::StatusOr<PrunedBlock> OneShotRanks::Next(int block) {
  const BlockSparsity& sparsity = sparsity_[static_cast<size_t>(block)];
  const at::InferenceMode guard;
  const ModelConfig& config = model_.config();
  const BlockMatrices matrices = model_.matrices(block);
  PrunedBlock pruned{buffer_, 0};
  for (int linear = 0; linear < model_.config().linears_per_block(); ++linear) {
    const pruning::WeightView dense = ViewOf(matrices.Linear(config, linear));
    const auto pattern = pruning::PatternFor(sparsity[linear], bank_.method().group, dense.columns);
    if (!pattern.ok()) return InLinear(pattern.status(), block, linear);
    const pruning::WeightRanks& ranks = bank_.ranks(block, linear);
    const int64_t removed = pruning::RemovedPerCompetition(ranks.competition(), *pattern, dense);
    const at::Tensor output = buffer_.Linear(config, linear);
    pruned.zeros += arithmetic_ == Arithmetic::kFloat32
                        ? ranks.Prune(dense, removed, output.data_ptr<float>())
                        : ranks.PruneToBFloat16(dense, removed, BFloat16BitsOf(output));
  }
  return pruned;
}

absl::StatusOr<FactorBank> FactorBank::Build(const TransformerModel& model,
                                             const Windows& sequences, const Progress& progress) {
  const at::InferenceMode guard;
  const ModelConfig& config = model.config();
  STRATA_RETURN_IF_ERROR(CheckFactorBytes(config));
  BlockForward forward(config, static_cast<int64_t>(sequences.front().size()),
                       Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(sequences);
  FactorBank bank;
  for (int block = 0; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / config.blocks)) {
      return absl::CancelledError("stopped while factoring Hessians");
    }
    absl::StatusOr<BlockFactors> factors =
        RunAndFactor(forward, model.matrices(block), model.vectors(block),
                     static_cast<int64_t>(sequences.size()), hidden);
    if (!factors.ok()) {
      return absl::Status(
          factors.status().code(),
          fmt::format("block {}, {}", block, std::string(factors.status().message())));
    }
    bank.factors_.push_back(*std::move(factors));
  }
  return bank;
}

OneShotSparseGpt::OneShotSparseGpt(const TransformerModel& model, const FactorBank& bank,
                                   const PruningMethod& method, std::vector<BlockSparsity> sparsity,
                                   Arithmetic arithmetic)
    : model_(model), bank_(bank), method_(method), sparsity_(std::move(sparsity)) {
  const at::InferenceMode guard;
  buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
  if (arithmetic == Arithmetic::kBFloat16) {
    bfloat16_buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kBFloat16);
  }
}

absl::StatusOr<PrunedBlock> OneShotSparseGpt::Next(int block) {
  const BlockSparsity& sparsity = sparsity_[static_cast<size_t>(block)];
  const at::InferenceMode guard;
  CopyMatrices(model_.matrices(block), &buffer_);
  STRATA_ASSIGN_OR_RETURN(const int64_t zeros,
                          PruneBlockBySparseGpt(model_.config(), bank_.factors(block), block,
                                                sparsity, method_.group, buffer_));
  if (!bfloat16_buffer_.has_value()) return PrunedBlock{buffer_, zeros};
  RoundMatrices(buffer_, &*bfloat16_buffer_);
  return PrunedBlock{*bfloat16_buffer_, zeros};
}

OneShotSelection::OneShotSelection(const TransformerModel& model,
                                   const CalibrationStatistics* statistics,
                                   const PruningMethod& method, std::vector<BlockSparsity> sparsity,
                                   Arithmetic arithmetic)
    : model_(model), statistics_(statistics), method_(method), sparsity_(std::move(sparsity)) {
  const at::InferenceMode guard;
  buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
  if (arithmetic == Arithmetic::kBFloat16) {
    bfloat16_buffer_ = BlockMatrices::Allocate(model.config(), arithmetic);
  }
}

absl::StatusOr<PrunedBlock> OneShotSelection::Next(int block) {
  const BlockSparsity& sparsity = sparsity_[static_cast<size_t>(block)];
  const at::InferenceMode guard;
  BlockStatistics statistics;
  if (statistics_ != nullptr) statistics.scalers = statistics_->scalers[static_cast<size_t>(block)];
  STRATA_ASSIGN_OR_RETURN(const int64_t zeros,
                          PruneBlock(model_, block, method_, statistics, sparsity, buffer_));
  PrunedBlock pruned{buffer_, zeros};
  if (!bfloat16_buffer_.has_value()) return pruned;
  RoundMatrices(buffer_, &*bfloat16_buffer_);
  pruned.matrices = *bfloat16_buffer_;
  return pruned;
}

}  // namespace strata::evaluator

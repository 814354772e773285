#include "evaluator/features/slope_pass.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "evaluator/calibration/block_inputs.h"
#include "evaluator/features/gradient_pass.h"
#include "evaluator/progress.h"
#include "evaluator/pruners/block_statistics.h"
#include "evaluator/pruners/window_losses.h"

namespace strata::evaluator {
namespace {

constexpr double kForwardShare = 0.35;  // of the time

// The most that a linear is pruned for a difference; a sparsity of 1 has no pattern.
double MostSparsity(int64_t group) {
  return group > 0 ? 1 - 1 / static_cast<double>(group) : 0.999;
}

// A sequential pruner whose statistics are kept.
class RememberingPruner : public BlockPruner {
 public:
  explicit RememberingPruner(SequentialPruner& source) : source_(source) {}

  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override {
    absl::StatusOr<PrunedBlock> pruned = source_.Prune(block, sparsity);
    if (pruned.ok()) statistics_.push_back(source_.statistics());
    return pruned;
  }

  const std::vector<BlockStatistics>& statistics() const { return statistics_; }

 private:
  SequentialPruner& source_;
  std::vector<BlockStatistics> statistics_;
};

// From gradients of whole linears to slopes of units.
class Differences {
 public:
  Differences(const TransformerModel& model, const SlopeOptions& options)
      : model_(model), options_(options) {
    const at::InferenceMode guard;
    for (BlockMatrices* buffer : {&upper_, &lower_}) {
      *buffer = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
    }
  }

  // d loss / d sparsity of each linear of a block.
  absl::StatusOr<std::vector<double>> Slopes(int block, const BlockStatistics& statistics,
                                             const BlockSparsity& sparsity,
                                             const BlockMatrices& gradients) {
    const at::InferenceMode guard;
    const ModelConfig& config = model_.config();
    const PruningMethod& method = options_.pruner.method;
    BlockSparsity most = sparsity, least = sparsity;
    for (int linear = 0; linear < config.linears_per_block(); ++linear) {
      most[linear] = std::min(sparsity[linear] + options_.step, MostSparsity(method.group));
      least[linear] = std::max(sparsity[linear] - options_.step, 0.0);
    }
    const auto above = PruneBlock(model_, block, method, statistics, most, upper_);
    if (!above.ok()) return above.status();
    const auto below = PruneBlock(model_, block, method, statistics, least, lower_);
    if (!below.ok()) return below.status();
    std::vector<double> slopes;
    for (int linear = 0; linear < config.linears_per_block(); ++linear) {
      const at::Tensor change = upper_.Linear(config, linear) - lower_.Linear(config, linear);
      const at::Tensor product = change.mul_(gradients.Linear(config, linear));
      slopes.push_back(product.sum(at::kDouble).item<double>() / (most[linear] - least[linear]));
    }
    return slopes;
  }

 private:
  const TransformerModel& model_;
  const SlopeOptions& options_;
  BlockMatrices upper_, lower_;
};

}  // namespace

absl::StatusOr<Measurement> MeasureSlopes(TransformerModel& model, const Windows& sequences,
                                          const SlopeOptions& options,
                                          const std::vector<BlockSparsity>& sparsity,
                                          const Windows& windows,
                                          const std::vector<UnitLinears>& units,
                                          const Progress& progress) {
  const ModelConfig& config = model.config();
  if (!(options.step > 0 && options.step < 1)) {
    return absl::InvalidArgumentError(
        fmt::format("slopes: expected a step above 0 and below 1, found {}", options.step));
  }
  const auto tokens = static_cast<int64_t>(windows.size() * windows.front().size());
  if (absl::Status status =
          CheckHeldBytes((config.blocks + 1) * tokens * config.hidden * int64_t{4}, "slopes",
                         fmt::format("the inputs of all {} blocks for {} tokens of the windows",
                                     config.blocks, tokens));
      !status.ok()) {
    return status;
  }
  SequentialPruner source(model, sequences, options.pruner);
  RememberingPruner pruner(source);
  std::vector<at::Tensor> inputs;
  absl::StatusOr<Measurement> measurement =
      MeasureWindows(model, pruner, sparsity, windows, options.pruner.arithmetic,
                     Part(progress, 0.0, kForwardShare),
                     [&](const at::Tensor& hidden) { inputs.push_back(hidden.clone()); });
  if (!measurement.ok()) return measurement;

  const auto start = std::chrono::steady_clock::now();
  const Progress backward = Part(progress, kForwardShare, 1.0);
  BlockMatrices pruned;
  {
    const at::InferenceMode guard;
    pruned = BlockMatrices::Allocate(config, Arithmetic::kFloat32);
  }
  const auto matrices = [&](int block) -> absl::StatusOr<BlockMatrices> {
    const auto zeros = PruneBlock(model, block, options.pruner.method, pruner.statistics()[block],
                                  sparsity[block], pruned);
    if (!zeros.ok()) return zeros.status();
    return pruned;
  };
  const double part = 1 / static_cast<double>(config.blocks + 1);
  absl::StatusOr<GradientPass> gradients =
      GradientPass::Begin(model, windows, inputs, Part(backward, 0.0, part),
                          {GradientMean::kSigned, options.pruner.arithmetic, matrices});
  if (!gradients.ok()) return gradients.status();
  Differences differences(model, options);
  std::vector<std::vector<double>> of_linears(static_cast<size_t>(config.blocks));
  for (int block = config.blocks - 1; block >= 0; --block) {
    const double first = part * (config.blocks - block);
    const auto gradient = gradients->Next(Part(backward, first, first + part));
    if (!gradient.ok()) return gradient.status();
    auto slopes = differences.Slopes(block, pruner.statistics()[block], sparsity[block], *gradient);
    if (!slopes.ok()) return slopes.status();
    of_linears[static_cast<size_t>(block)] = *std::move(slopes);
  }
  for (const UnitLinears& unit : units) {
    double slope = 0;
    for (const int index : unit.linears) {
      slope += of_linears[static_cast<size_t>(index / config.linears_per_block())]
                         [static_cast<size_t>(index % config.linears_per_block())];
    }
    measurement->slopes.push_back(slope);
  }
  measurement->seconds.forward +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return measurement;
}

}  // namespace strata::evaluator

#include "evaluator/features/slope_pass.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "evaluator/calibration/block_inputs.h"
#include "evaluator/clock.h"
#include "evaluator/evaluator.h"
#include "evaluator/features/gradient_pass.h"
#include "evaluator/pruners/block_statistics.h"
#include "evaluator/pruners/window_losses.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr double kForwardShare = 0.35;  // of the total time

// Returns the highest sparsity of a linear in a difference. No pattern has a sparsity of 1.
double MostSparsity(int64_t group) {
  return group > 0 ? 1 - 1 / static_cast<double>(group) : 0.999;
}

// A sequential pruner that keeps the statistics of every block.
class RememberingPruner : public BlockSource {
 public:
  explicit RememberingPruner(SequentialPruner& source) : source_(source) {}

  absl::StatusOr<PrunedBlock> Next(int block) override {
    absl::StatusOr<PrunedBlock> pruned = source_.Next(block);
    if (pruned.ok()) statistics_.push_back(source_.statistics());
    return pruned;
  }

  const std::vector<BlockStatistics>& statistics() const { return statistics_; }

 private:
  SequentialPruner& source_;
  std::vector<BlockStatistics> statistics_;
};

// Turns the gradients of a block into slopes of its linears.
class Differences {
 public:
  Differences(const TransformerModel& model, const SlopeOptions& options)
      : model_(model), options_(options) {
    const at::InferenceMode guard;
    for (BlockMatrices* buffer : {&upper_, &lower_}) {
      *buffer = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
    }
  }

  // Returns the derivative of the loss by the sparsity of each linear of a block.
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
    STRATA_RETURN_IF_ERROR(PruneBlock(model_, block, method, statistics, most, upper_).status());
    STRATA_RETURN_IF_ERROR(PruneBlock(model_, block, method, statistics, least, lower_).status());
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
  SequentialPruner source(model, sequences, sparsity, options.pruner);
  RememberingPruner pruner(source);
  std::vector<at::Tensor> inputs;
  absl::StatusOr<Measurement> measurement = MeasureWindows(
      model, pruner, windows, options.pruner.arithmetic, Part(progress, 0.0, kForwardShare),
      [&](const at::Tensor& hidden) { inputs.push_back(hidden.clone()); });
  if (!measurement.ok()) return measurement;

  const double start = SteadySeconds();
  const Progress backward = Part(progress, kForwardShare, 1.0);
  BlockMatrices pruned;
  {
    const at::InferenceMode guard;
    pruned = BlockMatrices::Allocate(config, Arithmetic::kFloat32);
  }
  const auto matrices = [&](int block) -> absl::StatusOr<BlockMatrices> {
    STRATA_RETURN_IF_ERROR(PruneBlock(model, block, options.pruner.method,
                                      pruner.statistics()[block], sparsity[block], pruned)
                               .status());
    return pruned;
  };
  const double part = 1 / static_cast<double>(config.blocks + 1);
  STRATA_ASSIGN_OR_RETURN(
      GradientPass gradients,
      GradientPass::Begin(model, windows, inputs, Part(backward, 0.0, part),
                          {GradientMean::kSigned, options.pruner.arithmetic, matrices}));
  Differences differences(model, options);
  std::vector<std::vector<double>> of_linears(static_cast<size_t>(config.blocks));
  for (int block = config.blocks - 1; block >= 0; --block) {
    const double first = part * (config.blocks - block);
    STRATA_ASSIGN_OR_RETURN(const auto gradient,
                            gradients.Next(Part(backward, first, first + part)));
    STRATA_ASSIGN_OR_RETURN(auto slopes, differences.Slopes(block, pruner.statistics()[block],
                                                            sparsity[block], gradient));
    of_linears[static_cast<size_t>(block)] = std::move(slopes);
  }
  for (const UnitLinears& unit : units) {
    double slope = 0;
    for (const int index : unit.linears) {
      slope += of_linears[static_cast<size_t>(index / config.linears_per_block())]
                         [static_cast<size_t>(index % config.linears_per_block())];
    }
    measurement->slopes.push_back(slope);
  }
  measurement->seconds.forward += SecondsSince(start);
  return measurement;
}

}  // namespace strata::evaluator

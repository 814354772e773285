#include "evaluator/calibration/calibration_pass.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "evaluator/calibration/block_inputs.h"
#include "expr/status_macros.h"
#include "pruning/calibration_statistics.h"

namespace strata::evaluator {
namespace {

absl::Status CheckInputBytes(const ModelConfig& config, int64_t tokens,
                             const CalibrationNeeds& needs) {
  if (needs.block_statistics) {
    const int64_t bytes = config.blocks * tokens * config.hidden * int64_t{4};
    if (absl::Status status =
            CheckHeldBytes(bytes, "redundancy and influence",
                           fmt::format("the inputs of all {} blocks for {} calibration tokens",
                                       config.blocks, tokens));
        !status.ok()) {
      return status;
    }
  }
  if (!needs.linear_redundancy) return absl::OkStatus();
  const int64_t columns = 2 * config.hidden + config.query_rows() + config.feed_forward;
  return CheckHeldBytes(
      tokens * columns * int64_t{4}, "linearredundancy",
      fmt::format("the inputs of a block's linears for {} calibration tokens", tokens));
}

// Returns the redundancy of each linear of a block, given the inputs of its linears.
std::vector<double> LinearRedundancy(const std::vector<BlockInput>& input_of_linear,
                                     const std::array<std::vector<float>, kBlockInputs>& inputs,
                                     int64_t tokens) {
  const std::vector<std::vector<double>> of_inputs =
      pruning::InputSimilarity({inputs.begin(), inputs.end()}, tokens);
  std::vector<std::vector<double>> of_linears;
  for (const BlockInput a : input_of_linear) {
    std::vector<double>& row = of_linears.emplace_back();
    for (const BlockInput b : input_of_linear) {
      row.push_back(a == b ? 1 : of_inputs[static_cast<int>(a)][static_cast<int>(b)]);
    }
  }
  return pruning::Redundancy(of_linears);
}

}  // namespace

BlockScalers RunAndObserve(BlockForward& forward, const BlockMatrices& matrices,
                           const BlockVectors& vectors, int64_t sequences, at::Tensor& hidden,
                           const InputObserver& observer, BlockExtent extent) {
  std::vector<pruning::InputNorms> sums;
  for (int input = 0; input < kBlockInputs; ++input) {
    sums.emplace_back(matrices.Of(static_cast<BlockInput>(input)).size(1));
  }
  const InputObserver add = [&](BlockInput input, const at::Tensor& rows) {
    const at::Tensor values = rows.to(at::kFloat);
    sums[static_cast<int>(input)].Add(values.data_ptr<float>(), values.size(0));
    if (observer) observer(input, rows);
  };
  forward.Run(matrices, vectors, hidden, add, extent);
  BlockScalers scalers;
  for (int input = 0; input < kBlockInputs; ++input) {
    scalers[input] = sums[input].ScalerRow(sequences);
  }
  return scalers;
}

absl::StatusOr<CalibrationStatistics> RunCalibration(const TransformerModel& model,
                                                     const Windows& sequences,
                                                     const CalibrationNeeds& needs,
                                                     const Progress& progress) {
  const at::InferenceMode guard;
  const ModelConfig& config = model.config();
  const auto sequence_count = static_cast<int64_t>(sequences.size());
  const auto sequence_tokens = static_cast<int64_t>(sequences.front().size());
  const int64_t tokens = sequence_count * sequence_tokens;
  STRATA_RETURN_IF_ERROR(CheckInputBytes(config, tokens, needs));
  BlockForward forward(config, sequence_tokens, Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(sequences);
  CalibrationStatistics statistics;
  for (int linear = 0; linear < config.linears_per_block(); ++linear) {
    statistics.input_of_linear.push_back(InputOf(config, linear));
  }
  std::vector<at::Tensor> inputs;
  for (int block = 0; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / config.blocks)) {
      return absl::CancelledError("stopped during calibration");
    }
    if (needs.block_statistics) inputs.push_back(hidden.clone());
    std::array<std::vector<float>, kBlockInputs> linear_inputs;
    InputObserver keep;
    if (needs.linear_redundancy) {
      keep = [&](BlockInput input, const at::Tensor& rows) {
        const std::span<const float> values = ValuesOf(rows);
        std::vector<float>& kept = linear_inputs[static_cast<int>(input)];
        kept.insert(kept.end(), values.begin(), values.end());
      };
    }
    statistics.scalers.push_back(RunAndObserve(forward, model.matrices(block), model.vectors(block),
                                               sequence_count, hidden, keep));
    if (needs.linear_redundancy) {
      statistics.linear_redundancy.push_back(
          LinearRedundancy(statistics.input_of_linear, linear_inputs, tokens));
    }
    if (!needs.block_statistics) continue;
    pruning::BlockInfluence influence;
    influence.Add(inputs.back().data_ptr<float>(), hidden.data_ptr<float>(), tokens, config.hidden);
    statistics.influence.push_back(influence.value());
  }
  if (needs.block_statistics) {
    std::vector<std::span<const float>> views;
    for (const at::Tensor& input : inputs) views.push_back(ValuesOf(input));
    statistics.similarity = pruning::InputSimilarity(views, tokens);
    statistics.redundancy = pruning::Redundancy(statistics.similarity);
  }
  return statistics;
}

}  // namespace strata::evaluator

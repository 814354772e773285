#include "evaluator/calibration_pass.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "pruning/calibration_statistics.h"

namespace strata::evaluator {
namespace {

constexpr int64_t kMaximumInputBytes = int64_t{4} << 30;

absl::Status CheckInputBytes(const LlamaConfig& config, int64_t tokens) {
  const int64_t bytes = config.blocks * tokens * config.hidden * int64_t{4};
  if (bytes <= kMaximumInputBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format(
      "redundancy and influence hold the inputs of all {} blocks for {} calibration tokens: {:.1f} "
      "GiB, more than the limit of {} GiB; use fewer or shorter calibration sequences",
      config.blocks, tokens, static_cast<double>(bytes) / static_cast<double>(1 << 30),
      kMaximumInputBytes >> 30));
}

std::span<const float> Values(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

}  // namespace

BlockScalers RunAndObserve(BlockForward& forward, const BlockMatrices& matrices,
                           const BlockNorms& norms, int64_t sequences, at::Tensor& hidden) {
  std::vector<pruning::InputNorms> sums;
  for (int input = 0, linear = 0; input < kBlockInputs; ++input) {
    while (static_cast<int>(InputOf(linear)) != input) ++linear;
    const at::Tensor& matrix = linear == 0   ? matrices.query_key_value
                               : linear == 3 ? matrices.attention_output
                               : linear == 4 ? matrices.gate_up
                                             : matrices.down;
    sums.emplace_back(matrix.size(1));
  }
  forward.Run(matrices, norms, hidden, [&](BlockInput input, const at::Tensor& rows) {
    sums[static_cast<int>(input)].Add(rows.data_ptr<float>(), rows.size(0));
  });
  BlockScalers scalers;
  for (int input = 0; input < kBlockInputs; ++input) {
    scalers[input] = sums[input].ScalerRow(sequences);
  }
  return scalers;
}

absl::StatusOr<CalibrationStatistics> RunCalibration(const LlamaModel& model,
                                                     const Windows& sequences,
                                                     bool block_statistics,
                                                     const Progress& progress) {
  const at::InferenceMode guard;
  const LlamaConfig& config = model.config();
  const auto sequence_count = static_cast<int64_t>(sequences.size());
  const auto sequence_tokens = static_cast<int64_t>(sequences.front().size());
  const int64_t tokens = sequence_count * sequence_tokens;
  if (block_statistics) {
    if (absl::Status status = CheckInputBytes(config, tokens); !status.ok()) return status;
  }
  BlockForward forward(config, sequence_tokens, Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(sequences);
  CalibrationStatistics statistics;
  std::vector<at::Tensor> inputs;
  for (int block = 0; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / config.blocks)) {
      return absl::CancelledError("stopped during calibration");
    }
    if (block_statistics) inputs.push_back(hidden.clone());
    statistics.scalers.push_back(
        RunAndObserve(forward, model.matrices(block), model.norms(block), sequence_count, hidden));
    if (!block_statistics) continue;
    pruning::BlockInfluence influence;
    influence.Add(inputs.back().data_ptr<float>(), hidden.data_ptr<float>(), tokens, config.hidden);
    statistics.influence.push_back(influence.value());
  }
  if (block_statistics) {
    std::vector<std::span<const float>> views;
    for (const at::Tensor& input : inputs) views.push_back(Values(input));
    statistics.similarity = pruning::InputSimilarity(views, tokens, config.hidden);
    statistics.redundancy = pruning::Redundancy(statistics.similarity);
  }
  return statistics;
}

}  // namespace strata::evaluator

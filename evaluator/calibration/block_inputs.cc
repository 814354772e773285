#include "evaluator/calibration/block_inputs.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace strata::evaluator {

absl::Status CheckHeldBytes(int64_t bytes, const std::string& features,
                            const std::string& contents) {
  constexpr int64_t kMaximumBytes = int64_t{4} << 30;
  if (bytes <= kMaximumBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format(
      "{} hold {}: {:.1f} GiB, more than the limit of {} GiB; use fewer or shorter calibration "
      "sequences",
      features, contents, static_cast<double>(bytes) / static_cast<double>(1 << 30),
      kMaximumBytes >> 30));
}

absl::StatusOr<std::vector<at::Tensor>> RecordBlockInputs(const TransformerModel& model,
                                                          const Windows& sequences,
                                                          const Progress& progress) {
  const at::InferenceMode guard;
  const ModelConfig& config = model.config();
  const auto sequence_tokens = static_cast<int64_t>(sequences.front().size());
  const int64_t tokens = static_cast<int64_t>(sequences.size()) * sequence_tokens;
  if (absl::Status status =
          CheckHeldBytes((config.blocks + 1) * tokens * config.hidden * int64_t{4},
                         "gradients, sensitivity and distortion",
                         fmt::format("the inputs of all {} blocks for {} calibration tokens",
                                     config.blocks, tokens));
      !status.ok()) {
    return status;
  }
  BlockForward forward(config, sequence_tokens, Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(sequences);
  std::vector<at::Tensor> inputs = {hidden.clone()};
  for (int block = 0; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / config.blocks)) {
      return absl::CancelledError("stopped while recording the inputs of the blocks");
    }
    forward.Run(model.matrices(block), model.vectors(block), hidden);
    inputs.push_back(hidden.clone());
  }
  return inputs;
}

}  // namespace strata::evaluator

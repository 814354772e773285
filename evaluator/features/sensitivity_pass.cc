#include "evaluator/features/sensitivity_pass.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <random>

#include "evaluator/evaluator.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// Returns a number in [0, 1).
double Fraction(std::mt19937_64& engine) { return static_cast<double>(engine() >> 11) * 0x1p-53; }

// Returns the mean loss of every sequence, with `matrices` in place of those of `block`.
absl::StatusOr<std::vector<double>> SequenceLosses(TransformerModel& model,
                                                   const Windows& sequences,
                                                   const at::Tensor& input, int block,
                                                   const BlockMatrices& matrices,
                                                   const Progress& progress) {
  const ModelConfig& config = model.config();
  const size_t predicted = sequences.front().size() - 1;
  BlockForward forward(config, static_cast<int64_t>(sequences.front().size()),
                       Arithmetic::kFloat32);
  at::Tensor hidden = input.clone();
  for (int i = block; i < config.blocks; ++i) {
    if (progress && !progress(static_cast<double>(i - block) / (config.blocks + 1 - block))) {
      return absl::CancelledError("stopped while measuring sensitivity");
    }
    forward.Run(i == block ? matrices : model.matrices(i), model.vectors(i), hidden);
  }
  const TokenLosses losses = model.Losses(hidden, sequences, Arithmetic::kFloat32);
  std::vector<double> means;
  for (size_t sequence = 0; sequence < sequences.size(); ++sequence) {
    double sum = 0;
    for (size_t i = 0; i < predicted; ++i) {
      sum += losses.negative_log_likelihood[sequence * predicted + i];
    }
    means.push_back(sum / static_cast<double>(predicted));
  }
  return means;
}

}  // namespace

void FillStandardNormals(uint64_t seed, std::span<float> values) {
  std::mt19937_64 engine(seed);
  for (size_t i = 0; i < values.size(); i += 2) {
    const double radius = std::sqrt(-2 * std::log(1 - Fraction(engine)));
    const double angle = 2 * std::numbers::pi * Fraction(engine);
    values[i] = static_cast<float>(radius * std::cos(angle));
    if (i + 1 < values.size()) values[i + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

void AddDirection(const ModelConfig& config, const std::vector<int>& linears, double scale,
                  const BlockMatrices& matrices) {
  const at::InferenceMode guard;
  int64_t weights = 0;
  for (const int index : linears) {
    weights += matrices.Linear(config, index % config.linears_per_block()).numel();
  }
  at::Tensor normals = at::empty({weights});
  FillStandardNormals(static_cast<uint64_t>(linears.front()),
                      {normals.data_ptr<float>(), static_cast<size_t>(weights)});
  int64_t first = 0;
  for (const int index : linears) {
    at::Tensor linear = matrices.Linear(config, index % config.linears_per_block());
    linear.add_(normals.narrow(0, first, linear.numel()).view(linear.sizes()), scale);
    first += linear.numel();
  }
}

absl::StatusOr<double> MeasureSensitivity(TransformerModel& model, const Windows& sequences,
                                          const std::vector<at::Tensor>& inputs,
                                          const std::vector<int>& linears,
                                          const Progress& progress) {
  const at::InferenceMode guard;
  if (sequences.front().size() < 2) {
    return absl::InvalidArgumentError(
        fmt::format("calibration: the loss of a sequence needs at least 2 tokens, found {}",
                    sequences.front().size()));
  }
  const int block = linears.front() / model.config().linears_per_block();
  const BlockMatrices& dense = model.matrices(block);
  std::vector<double> losses[2];
  for (int side = 0; side < 2; ++side) {
    const BlockMatrices matrices = {dense.query_key_value.clone(), dense.attention_output.clone(),
                                    dense.gate_up.clone(), dense.down.clone()};
    AddDirection(model.config(), linears, side == 0 ? kSensitivityStep : -kSensitivityStep,
                 matrices);
    STRATA_ASSIGN_OR_RETURN(std::vector<double> measured,
                            SequenceLosses(model, sequences, inputs[block], block, matrices,
                                           Part(progress, 0.5 * side, 0.5 * (side + 1))));
    losses[side] = std::move(measured);
  }
  double sum = 0;
  for (size_t i = 0; i < sequences.size(); ++i) sum += std::abs(losses[0][i] - losses[1][i]);
  return sum / (2 * kSensitivityStep * static_cast<double>(sequences.size()));
}

}  // namespace strata::evaluator

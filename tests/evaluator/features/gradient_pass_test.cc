#include "evaluator/features/gradient_pass.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "evaluator/calibration/block_inputs.h"
#include "evaluator/model/differentiable_block.h"
#include "tests/evaluator/support/reference_data.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

using GradientPassTest = SingleThreadTest;

// G of all blocks, block 0 first.
std::vector<BlockMatrices> AllGradients(const TransformerModel& model, const Windows& sequences) {
  const auto inputs = RecordBlockInputs(model, sequences, nullptr);
  EXPECT_TRUE(inputs.ok()) << inputs.status();
  auto pass = GradientPass::Begin(model, sequences, *inputs, nullptr);
  EXPECT_TRUE(pass.ok()) << pass.status();
  std::vector<BlockMatrices> gradients;
  for (int block = 0; block < model.config().blocks; ++block) {
    const auto next = pass->Next(nullptr);
    EXPECT_TRUE(next.ok()) << next.status();
    gradients.insert(gradients.begin(), *next);
  }
  return gradients;
}

TEST_F(GradientPassTest, TheDifferentiableBlockIsTheBlock) {
  const TransformerModel& model = WaveModel();
  const Windows sequences = WaveSequences(1, 40);
  BlockForward forward(model.config(), 40, Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(sequences);
  const at::Tensor rotary = RotaryTables::Of(model.config(), 40).full;
  for (int block = 0; block < kWaveBlocks; ++block) {
    const at::Tensor expected = DifferentiableBlock(model.config(), model.matrices(block),
                                                    model.vectors(block), rotary, hidden);
    forward.Run(model.matrices(block), model.vectors(block), hidden);
    EXPECT_TRUE(at::allclose(hidden, expected, 1e-4, 1e-5)) << "block " << block;
  }
}

TEST_F(GradientPassTest, AgreesWithTheReferenceDerivatives) {
  const nlohmann::json& expected = WaveReference();
  const std::vector<BlockMatrices> gradients = AllGradients(WaveModel(), WaveSequences(3, 12));
  double worst = 0;
  for (int block = 0; block < kWaveBlocks; ++block) {
    for (int linear = 0; linear < kMaximumLinears; ++linear) {
      const at::Tensor measured = gradients[block].Linear(WaveModel().config(), linear).flatten();
      const nlohmann::json& reference = expected["gradients"][block][linear];
      const double scale = reference["maximum"].get<double>();
      worst = std::max({worst, RelativeError(measured.mean().item<double>(), reference["mean"]),
                        RelativeError(measured.max().item<double>(), scale)});
      for (const auto& [place, value] : reference["at"].items()) {
        const double difference = measured[std::stoi(place)].item<double>() - value.get<double>();
        worst = std::max(worst, std::abs(difference) / scale);
      }
    }
  }
  std::cout << "largest relative difference " << worst << "\n";
  EXPECT_LT(worst, 1e-4);
}

double Loss(TransformerModel& model, const Windows& sequences, int block,
            const BlockMatrices& matrices) {
  BlockForward forward(model.config(), static_cast<int64_t>(sequences.front().size()),
                       Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(sequences);
  for (int i = 0; i < kWaveBlocks; ++i) {
    forward.Run(i == block ? matrices : model.matrices(i), model.vectors(i), hidden);
  }
  const TokenLosses losses = model.Losses(hidden, sequences, Arithmetic::kFloat32);
  double sum = 0;
  for (const double loss : losses.negative_log_likelihood) sum += loss;
  return sum / static_cast<double>(losses.negative_log_likelihood.size());
}

// The model's own forward pass, differenced at the weight of the largest gradient of each linear.
TEST_F(GradientPassTest, AgreesWithFiniteDifferences) {
  TransformerModel& model = WaveModel();
  const Windows sequence = WaveSequences(1, 12);
  const std::vector<BlockMatrices> gradients = AllGradients(model, sequence);
  constexpr double kStep = 5e-3;
  for (int block = 0; block < kWaveBlocks; ++block) {
    for (int linear = 0; linear < kMaximumLinears; ++linear) {
      const at::Tensor gradient = gradients[block].Linear(model.config(), linear);
      const auto place = gradient.flatten().argmax().item<int64_t>();
      double losses[2];
      for (int side = 0; side < 2; ++side) {
        const at::InferenceMode guard;
        const BlockMatrices& dense = model.matrices(block);
        const BlockMatrices changed = {dense.query_key_value.clone(),
                                       dense.attention_output.clone(), dense.gate_up.clone(),
                                       dense.down.clone()};
        at::Tensor weights = changed.Linear(model.config(), linear);
        weights.data_ptr<float>()[place] += static_cast<float>(side == 0 ? kStep : -kStep);
        losses[side] = Loss(model, sequence, block, changed);
      }
      const double expected = std::abs(losses[0] - losses[1]) / (2 * kStep);
      EXPECT_NEAR(gradient.max().item<double>(), expected, 2e-4 + 0.005 * expected)
          << "block " << block << ", linear " << linear;
    }
  }
}

TEST_F(GradientPassTest, MagnitudesOfSequencesAreAveraged) {
  TransformerModel& model = WaveModel();
  const Windows both = WaveSequences(2, 12);
  const at::Tensor first = AllGradients(model, {both[0]})[1].down;
  const at::Tensor second = AllGradients(model, {both[1]})[1].down;
  const at::Tensor together = AllGradients(model, both)[1].down;
  EXPECT_TRUE(at::allclose(together, (first + second) / 2, 1e-4, 1e-6));
  EXPECT_GE(together.min().item<float>(), 0.0f);
}

TEST_F(GradientPassTest, RefusesSequencesWithoutALossAndStops) {
  const TransformerModel& model = WaveModel();
  const Windows short_sequence = {{5}};
  const auto inputs = RecordBlockInputs(model, short_sequence, nullptr);
  ASSERT_TRUE(inputs.ok());
  EXPECT_EQ(GradientPass::Begin(model, short_sequence, *inputs, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
  const Windows sequences = WaveSequences(2, 5);
  const auto more = RecordBlockInputs(model, sequences, nullptr);
  ASSERT_TRUE(more.ok());
  const Progress stop = [](double) { return false; };
  EXPECT_EQ(GradientPass::Begin(model, sequences, *more, stop).status().code(),
            absl::StatusCode::kCancelled);
  auto pass = GradientPass::Begin(model, sequences, *more, nullptr);
  ASSERT_TRUE(pass.ok());
  EXPECT_EQ(pass->Next(stop).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace strata::evaluator

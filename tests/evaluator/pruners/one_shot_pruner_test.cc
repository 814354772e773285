#include "evaluator/pruners/one_shot_pruner.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

std::vector<BlockSparsity> Uniform(double sparsity) {
  BlockSparsity of_block;
  of_block.fill(sparsity);
  return std::vector<BlockSparsity>(kWaveBlocks, of_block);
}

// Magnitude compares the weights of a whole linear: none that stays is smaller than one that goes.
TEST(OneShotSelectionTest, MagnitudeRemovesTheSmallestWeightsOfEveryLinear) {
  const TransformerModel& model = WaveModel();
  OneShotSelection pruner(model, nullptr, {Pruner::kMagnitude, 0}, Uniform(0.7),
                          Arithmetic::kFloat32);
  for (int block = 0; block < kWaveBlocks; ++block) {
    const BlockMatrices dense = model.matrices(block);
    const auto pruned = pruner.Next(block);
    ASSERT_TRUE(pruned.ok()) << pruned.status();
    int64_t zeros = 0;
    for (int linear = 0; linear < kMaximumLinears; ++linear) {
      const at::Tensor before = dense.Linear(model.config(), linear);
      const at::Tensor after = pruned->matrices.Linear(model.config(), linear);
      const at::Tensor kept = after != 0;
      EXPECT_TRUE(at::equal(after, before * kept));
      const int64_t removed = before.numel() - kept.sum().item<int64_t>();
      EXPECT_EQ(removed, static_cast<int64_t>(0.7 * static_cast<double>(before.numel())));
      EXPECT_GE(before.abs().masked_select(kept).min().item<float>(),
                before.abs().masked_select(~kept).max().item<float>());
      zeros += removed;
    }
    EXPECT_EQ(pruned->zeros, zeros);
  }
}

// Wanda compares the weights of a row by their magnitude times the norm of their input.
TEST(OneShotSelectionTest, WandaRemovesTheLowestScoresOfEveryRow) {
  const TransformerModel& model = WaveModel();
  const auto statistics = RunCalibration(model, WaveSequences(2, 32), {}, nullptr);
  ASSERT_TRUE(statistics.ok()) << statistics.status();
  OneShotSelection pruner(model, &*statistics, {Pruner::kWanda, 0}, Uniform(0.5),
                          Arithmetic::kFloat32);
  const auto pruned = pruner.Next(1);
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  const BlockMatrices dense = model.matrices(1);
  for (int linear = 0; linear < kMaximumLinears; ++linear) {
    const at::Tensor before = dense.Linear(model.config(), linear);
    const std::span<const float> scaler = statistics->ScalerRow(1, linear);
    const at::Tensor norms = at::tensor(at::ArrayRef<float>(scaler.data(), scaler.size())).sqrt();
    const at::Tensor scores = before.abs() * norms;
    const at::Tensor kept = pruned->matrices.Linear(model.config(), linear) != 0;
    const at::Tensor lowest_kept = scores.masked_fill(~kept, 1e30).amin({1});
    const at::Tensor highest_removed = scores.masked_fill(kept, -1).amax({1});
    EXPECT_TRUE((lowest_kept >= highest_removed).all().item<bool>()) << "linear " << linear;
    EXPECT_TRUE((kept.sum({1}) == before.size(1) - before.size(1) / 2).all().item<bool>());
  }
}

TEST(OneShotSelectionTest, BFloat16IsTheRoundedResult) {
  const TransformerModel& model = WaveModel();
  OneShotSelection exact(model, nullptr, {Pruner::kMagnitude, 0}, Uniform(0.6),
                         Arithmetic::kFloat32);
  OneShotSelection rounded(model, nullptr, {Pruner::kMagnitude, 0}, Uniform(0.6),
                           Arithmetic::kBFloat16);
  const auto expected = exact.Next(0);
  const auto pruned = rounded.Next(0);
  ASSERT_TRUE(expected.ok() && pruned.ok());
  EXPECT_EQ(pruned->zeros, expected->zeros);
  EXPECT_TRUE(at::equal(pruned->matrices.down, expected->matrices.down.to(at::kBFloat16)));
}

TEST(OneShotSelectionTest, ErrorsNameBlockAndLinear) {
  const TransformerModel& model = WaveModel();
  std::vector<BlockSparsity> sparsity = Uniform(0.5);
  sparsity[2][4] = 1.0;
  OneShotSelection pruner(model, nullptr, {Pruner::kMagnitude, 0}, sparsity, Arithmetic::kFloat32);
  const auto pruned = pruner.Next(2);
  EXPECT_EQ(pruned.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(pruned.status().message().find("block 2"), std::string::npos) << pruned.status();
  // Wanda without statistics has no scalers.
  OneShotSelection wanda(model, nullptr, {Pruner::kWanda, 0}, Uniform(0.5), Arithmetic::kFloat32);
  EXPECT_EQ(wanda.Next(0).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace strata::evaluator

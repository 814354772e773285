#include "evaluator/model/row_kernels.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace strata::evaluator {
namespace {

at::Tensor Random(at::IntArrayRef shape, double scale) {
  static at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(17);
  return at::randn(shape, generator) * scale;
}

// Rows and columns that are no multiple of any vector width.
constexpr int64_t kRows = 5;
constexpr int64_t kColumns = 75;

TEST(RowKernelsTest, RmsNorm) {
  const at::Tensor input = Random({kRows, kColumns}, 3);
  const at::Tensor weight = Random({kColumns}, 1);
  const at::Tensor wide = input.to(at::kDouble);
  const at::Tensor expected =
      wide / (wide.square().mean(1, true) + 1e-5).sqrt() * weight.to(at::kDouble);
  at::Tensor output = at::empty_like(input);
  RmsNorm(input, weight, 1e-5, output);
  EXPECT_TRUE(at::allclose(output.to(at::kDouble), expected, 1e-6, 1e-7));
  at::Tensor rounded = at::empty_like(input, at::kBFloat16);
  RmsNorm(input, weight, 1e-5, rounded);
  EXPECT_TRUE(at::equal(rounded, output.to(at::kBFloat16)));
}

TEST(RowKernelsTest, SwiGlu) {
  const at::Tensor gate_up = Random({kRows, 2 * kColumns}, 6);
  gate_up[0][0] = 200.0;
  gate_up[0][1] = -200.0;
  const at::Tensor expected =
      at::silu(gate_up.narrow(1, 0, kColumns)) * gate_up.narrow(1, kColumns, kColumns);
  at::Tensor output = at::empty({kRows, kColumns});
  SwiGlu(gate_up, output);
  EXPECT_TRUE(at::allclose(output, expected, 1e-6, 1e-7));
}

TEST(RowKernelsTest, NotANumberPassesThrough) {
  const at::Tensor gate_up = at::full({1, 2 * kColumns}, std::nan(""));
  at::Tensor output = at::zeros({1, kColumns});
  SwiGlu(gate_up, output);
  EXPECT_TRUE(output.isnan().all().item<bool>());
  RunningLogSumExp running;
  const at::Tensor logits = at::ones({1, kColumns});
  logits[0][20] = std::nan("");
  AddLogits(logits, &running);
  EXPECT_TRUE(std::isnan(running.sum));
}

TEST(RowKernelsTest, RotationPairsTheHalvesOfAHead) {
  constexpr int64_t kDimension = 8;
  constexpr int64_t kHeads = 3;
  constexpr int64_t kWindow = 4;
  // The last head's columns are not rotated.
  const at::Tensor rows = Random({2 * kWindow, (kHeads + 1) * kDimension}, 1);
  at::Tensor rotated = rows.clone();
  const std::vector<float> frequencies = {1.0f, 0.1f, 0.01f, 0.001f};
  const std::vector<int64_t> positions = {0, 1, 2, 3, 0, 1, 2, 3};
  Rotate(rotated, kHeads, kDimension, positions, RotaryTable(kWindow, frequencies));
  for (int64_t row = 0; row < 2 * kWindow; ++row) {
    for (int64_t head = 0; head < kHeads; ++head) {
      for (int64_t i = 0; i < kDimension / 2; ++i) {
        const double angle = static_cast<double>(row % kWindow) * std::pow(10000.0, -2.0 * i / 8);
        const auto first = rows[row][head * kDimension + i].item<double>();
        const auto second = rows[row][head * kDimension + i + 4].item<double>();
        EXPECT_NEAR(rotated[row][head * kDimension + i].item<double>(),
                    first * std::cos(angle) - second * std::sin(angle), 1e-6);
        EXPECT_NEAR(rotated[row][head * kDimension + i + 4].item<double>(),
                    second * std::cos(angle) + first * std::sin(angle), 1e-6);
      }
    }
    EXPECT_TRUE(at::equal(rotated[row].narrow(0, 24, 8), rows[row].narrow(0, 24, 8)));
  }
}

TEST(RowKernelsTest, LogSumExpInPieces) {
  const at::Tensor logits = Random({kRows, 2 * kColumns}, 20);
  std::vector<RunningLogSumExp> running(kRows);
  AddLogits(logits.narrow(1, 0, kColumns).contiguous(), running.data());
  AddLogits(logits.narrow(1, kColumns, kColumns).contiguous(), running.data());
  const at::Tensor expected = logits.to(at::kDouble).logsumexp(1);
  for (int64_t row = 0; row < kRows; ++row) {
    EXPECT_NEAR(running[row].maximum + std::log(running[row].sum), expected[row].item<double>(),
                1e-5);
  }
}

TEST(RowKernelsTest, AddBFloat16) {
  const at::Tensor addend = Random({kRows, kColumns}, 1).to(at::kBFloat16);
  const at::Tensor before = Random({kRows, kColumns}, 1);
  at::Tensor hidden = before.clone();
  AddBFloat16(addend, hidden);
  EXPECT_TRUE(at::equal(hidden, before + addend.to(at::kFloat)));
}

}  // namespace
}  // namespace strata::evaluator

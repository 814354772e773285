#include "evaluator/model/transformer_model.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "evaluator/model/libtorch_errors.h"
#include "evaluator/pruners/window_losses.h"
#include "tests/evaluator/support/reference_data.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

Windows ForwardWindow() { return {Reference("forward_ids").integers}; }

// Largest difference of the reference's rows, relative to the norm of each row.
double RowError(const at::Tensor& hidden, const std::string& name) {
  const ReferenceTensor expected = Reference(name);
  const std::vector<int32_t> positions = Reference("hidden_positions").integers;
  const int64_t columns = expected.shape[1];
  double worst = 0;
  for (size_t i = 0; i < positions.size(); ++i) {
    const float* row = hidden.const_data_ptr<float>() + positions[i] * columns;
    double difference = 0;
    double norm = 0;
    for (int64_t column = 0; column < columns; ++column) {
      const double reference = expected.floats[i * columns + column];
      difference += std::pow(row[column] - reference, 2);
      norm += std::pow(reference, 2);
    }
    worst = std::max(worst, std::sqrt(difference / norm));
  }
  return worst;
}

TEST(TransformerModelTest, HiddenStatesAndLossesAgreeWithTheReference) {
  TransformerModel& model = SharedModel();
  const Windows windows = ForwardWindow();
  BlockForward forward(model.config(), 256, Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(windows);
  for (int block = 0; block < model.config().blocks; ++block) {
    if (block == 0 || block == 1 || block == 15 || block == 29) {
      const double error = RowError(hidden, "hidden_" + std::to_string(block));
      RecordProperty("hidden_" + std::to_string(block), std::to_string(error));
      EXPECT_LT(error, 1e-4) << "input of block " << block;
    }
    forward.Run(model.matrices(block), model.vectors(block), hidden);
  }
  EXPECT_LT(RowError(model.FinalNorm(hidden), "hidden_30"), 1e-4) << "after the final norm";

  const TokenLosses losses = model.Losses(hidden, windows, Arithmetic::kFloat32);
  const std::vector<float> expected_sums = Reference("log_sum_exp").floats;
  const std::vector<float> expected = Reference("token_nll").floats;
  ASSERT_EQ(losses.negative_log_likelihood.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LT(RelativeError(losses.log_sum_exp[i], expected_sums[i]), 1e-4) << "token " << i;
    // A loss near zero is the difference of two large numbers.
    const double error = std::abs(losses.negative_log_likelihood[i] - expected[i]);
    EXPECT_LT(error, 1e-4 * (1 + expected[i])) << "token " << i;
    worst = std::max(worst, error);
  }
  std::cout << "largest token loss difference " << worst << "\n";
}

TEST(TransformerModelTest, DensePerplexityAgreesWithTheReference) {
  TransformerModel& model = SharedModel();
  DenseBlocks dense(model, Arithmetic::kFloat32);
  const auto measured =
      MeasureWindows(model, dense, PerplexityWindows(), Arithmetic::kFloat32, nullptr);
  ASSERT_TRUE(measured.ok()) << measured.status();
  const auto expected =
      ReferenceNumbers()["perplexity"]["mean_nll_per_window"].get<std::vector<double>>();
  ASSERT_EQ(measured->window_nll.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LT(RelativeError(measured->window_nll[i], expected[i]), 1e-4) << "window " << i;
  }
  EXPECT_LT(RelativeError(std::exp(measured->mean_nll),
                          ReferenceNumbers()["perplexity"]["ppl"].get<double>()),
            1e-4);
  EXPECT_EQ(measured->tokens, 16 * 255);
}

TEST(TransformerModelTest, BFloat16IsCloseToFloat32) {
  TransformerModel& model = SharedModel();
  const Windows windows = ForwardWindow();
  DenseBlocks dense(model, Arithmetic::kBFloat16);
  const auto measured = MeasureWindows(model, dense, windows, Arithmetic::kBFloat16, nullptr);
  ASSERT_TRUE(measured.ok()) << measured.status();
  double expected = 0;
  for (const float loss : Reference("token_nll").floats) expected += loss;
  EXPECT_NEAR(measured->mean_nll, expected / 255, 0.02);
  EXPECT_NE(measured->mean_nll, expected / 255);
}

// Batches of windows, the last one not full, give what single windows give.
// Issue 21, case04: "LibTorch: index out of range in self".
TEST(TransformerModelTest, IdsWithoutARowAreNamed) {
  const int64_t rows = WaveModel().config().vocabulary;
  const absl::Status status = CatchLibTorchErrors("measuring", [&] {
    WaveModel().Embed(Windows{{0, static_cast<int32_t>(rows)}});
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("expected token ids below 258"), absl::string_view::npos);
}

TEST(TransformerModelTest, WindowsDoNotSeeEachOther) {
  TransformerModel& model = SharedModel();
  const std::vector<int32_t> ids = Reference("forward_ids").integers;
  Windows windows;
  for (int64_t i = 0; i < 17; ++i) {
    windows.emplace_back(ids.begin() + i * 3, ids.begin() + i * 3 + 64);
  }
  BlockForward forward(model.config(), 64, Arithmetic::kFloat32);
  at::Tensor together = model.Embed(windows);
  forward.Run(model.matrices(0), model.vectors(0), together);
  for (const int64_t i : {0, 15, 16}) {
    at::Tensor alone = model.Embed(Windows{windows[i]});
    forward.Run(model.matrices(0), model.vectors(0), alone);
    EXPECT_TRUE(at::allclose(alone, together.narrow(0, i * 64, 64), 1e-4, 1e-5)) << "window " << i;
  }
}

}  // namespace
}  // namespace strata::evaluator

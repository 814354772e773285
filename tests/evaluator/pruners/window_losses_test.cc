#include "evaluator/pruners/window_losses.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "evaluator/pruners/sequential_pruner.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

using WindowLossesTest = SingleThreadTest;

SequentialPruner PrunerAt(double sparsity, const Windows& sequences) {
  BlockSparsity of_block;
  of_block.fill(sparsity);
  return SequentialPruner(
      WaveModel(), sequences, std::vector<BlockSparsity>(kWaveBlocks, of_block),
      {{Pruner::kWanda, 0}, Arithmetic::kFloat32, Protocol::kSequential, Arithmetic::kFloat32});
}

// Returns the log probabilities of all next tokens, [predicted tokens, vocabulary], in double.
at::Tensor LogProbabilities(BlockSource& blocks, const Windows& windows) {
  at::Tensor last;
  const auto measured = MeasureWindows(WaveModel(), blocks, windows, Arithmetic::kFloat32, nullptr,
                                       [&](const at::Tensor& hidden) { last = hidden.clone(); });
  EXPECT_TRUE(measured.ok()) << measured.status();
  const auto [rows, head] = WaveModel().PredictingRows(last, windows, Arithmetic::kFloat32);
  return rows.to(at::kDouble).mm(head.to(at::kDouble).t()).log_softmax(1);
}

TEST_F(WindowLossesTest, DivergencesAreMeansOfTheFullOnesByWindow) {
  const Windows windows = WaveSequences(3, 20);
  const Windows sequences = WaveSequences(2, 24);
  ASSERT_LE(WaveModel().config().vocabulary, kKeptTokens) << "the whole vocabulary is kept";
  DenseBlocks dense(WaveModel(), Arithmetic::kFloat32);
  SequentialPruner pruner = PrunerAt(0.5, sequences);
  const at::Tensor log_p = LogProbabilities(dense, windows);
  const at::Tensor expected = (log_p.exp() * (log_p - LogProbabilities(pruner, windows)))
                                  .sum(1)
                                  .view({3, 19})
                                  .mean(1)
                                  .contiguous();
  const auto predictions = PredictDensely(WaveModel(), windows, Arithmetic::kFloat32, nullptr);
  ASSERT_TRUE(predictions.ok()) << predictions.status();
  SequentialPruner again = PrunerAt(0.5, sequences);
  const auto measured =
      MeasureDivergences(WaveModel(), again, windows, Arithmetic::kFloat32, *predictions, nullptr);
  ASSERT_TRUE(measured.ok()) << measured.status();
  ASSERT_EQ(measured->window_nll.size(), 3u);
  double sum = 0;
  for (int64_t window = 0; window < 3; ++window) {
    const double full = expected.const_data_ptr<double>()[window];
    EXPECT_GT(full, 1e-3);
    EXPECT_NEAR(measured->window_nll[static_cast<size_t>(window)], full, 1e-3 * full + 1e-6);
    sum += measured->window_nll[static_cast<size_t>(window)];
  }
  EXPECT_DOUBLE_EQ(measured->mean_nll, sum / 3);
  EXPECT_EQ(measured->tokens, 3 * 19);
  EXPECT_NEAR(measured->achieved_sparsity, 0.5, 0.05);
}

TEST_F(WindowLossesTest, TheDenseModelDoesNotDivergeFromItself) {
  const Windows windows = WaveSequences(3, 20);
  for (const Arithmetic arithmetic : {Arithmetic::kFloat32, Arithmetic::kBFloat16}) {
    const auto predictions = PredictDensely(WaveModel(), windows, arithmetic, nullptr);
    ASSERT_TRUE(predictions.ok()) << predictions.status();
    DenseBlocks dense(WaveModel(), arithmetic);
    const auto measured =
        MeasureDivergences(WaveModel(), dense, windows, arithmetic, *predictions, nullptr);
    ASSERT_TRUE(measured.ok()) << measured.status();
    for (const double divergence : measured->window_nll) {
      EXPECT_GE(divergence, 0);
      EXPECT_LT(divergence, 1e-6);
    }
  }
}

}  // namespace
}  // namespace strata::evaluator

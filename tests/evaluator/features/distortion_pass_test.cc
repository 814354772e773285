#include "evaluator/features/distortion_pass.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "evaluator/calibration/block_inputs.h"
#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/pruners/block_source.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

class DistortionPassTest : public SingleThreadTest {
 protected:
  void Use(const Windows& sequences) {
    sequences_ = sequences;
    inputs_ = RecordBlockInputs(model_, sequences, nullptr).value();
    statistics_ = RunCalibration(model_, sequences, {}, nullptr).value();
  }
  absl::StatusOr<double> Measure(const std::vector<int>& linears,
                                 const Progress& progress = nullptr) {
    return MeasureDistortion(model_, sequences_, inputs_, statistics_, linears, progress);
  }
  // The half of each row with the lowest |w| ||x|| set to zero, by sorting.
  at::Tensor Halved(int block, int linear) {
    const at::Tensor weights = model_.matrices(block).Linear(model_.config(), linear).clone();
    const std::span<const float> scaler = statistics_.ScalerRow(block, linear);
    for (int64_t row = 0; row < weights.size(0); ++row) {
      float* w = weights.data_ptr<float>() + row * weights.size(1);
      std::vector<int64_t> order(static_cast<size_t>(weights.size(1)));
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return std::fabs(w[a]) * std::sqrt(scaler[a]) < std::fabs(w[b]) * std::sqrt(scaler[b]);
      });
      for (size_t i = 0; i < order.size() / 2; ++i) w[order[i]] = 0;
    }
    return weights;
  }
  // By the definition: the whole model run twice.
  double Expected(const std::vector<int>& linears, int64_t rows) {
    const ModelConfig& config = model_.config();
    at::Tensor results[2];
    for (const bool pruned : {false, true}) {
      BlockForward forward(config, static_cast<int64_t>(sequences_.front().size()),
                           Arithmetic::kFloat32);
      at::Tensor hidden = model_.Embed(sequences_);
      for (int block = 0; block < config.blocks; ++block) {
        BlockMatrices matrices = BlockMatrices::Allocate(config, Arithmetic::kFloat32);
        CopyMatrices(model_.matrices(block), &matrices);
        for (const int index : linears) {
          if (!pruned || index / kMaximumLinears != block) continue;
          const int linear = index % kMaximumLinears;
          matrices.Linear(config, linear).copy_(Halved(block, linear));
        }
        forward.Run(matrices, model_.vectors(block), hidden);
      }
      results[pruned] = model_.FinalNorm(hidden.narrow(0, 0, rows)).to(at::kDouble);
    }
    return ((results[1] - results[0]).square().sum() / results[0].square().sum()).item<double>();
  }

  TransformerModel& model_ = WaveModel();
  Windows sequences_;
  std::vector<at::Tensor> inputs_;
  CalibrationStatistics statistics_;
};

TEST_F(DistortionPassTest, IsTheChangeOfTheLastHiddenStates) {
  Use(WaveSequences(3, 12));
  for (const std::vector<int>& linears :
       {std::vector<int>{0, 1, 2, 3, 4, 5, 6}, {11, 12, 13}, {9}, {20}}) {
    const auto measured = Measure(linears);
    ASSERT_TRUE(measured.ok()) << measured.status();
    const double expected = Expected(linears, 36);
    EXPECT_GT(expected, 1e-5);
    EXPECT_NEAR(*measured / expected, 1, 1e-4) << "linear " << linears.front();
  }
}

// 40 sequences of 100 tokens: only the first five are used.
TEST_F(DistortionPassTest, UsesTheFirstSequencesOnly) {
  Use(WaveSequences(40, 100));
  const auto measured = Measure({9});
  ASSERT_TRUE(measured.ok()) << measured.status();
  EXPECT_NEAR(*measured / Expected({9}, 500), 1, 1e-4);
  EXPECT_GT(std::abs(*measured / Expected({9}, 600) - 1), 1e-3);
}

TEST_F(DistortionPassTest, LeavesTheModelRepeatsAndStops) {
  Use(WaveSequences(1, 600));
  const at::Tensor before = model_.matrices(1).down.clone();
  const auto first = Measure({13});
  const auto second = Measure({13});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, *second);
  EXPECT_TRUE(at::equal(model_.matrices(1).down, before));
  EXPECT_EQ(Measure({13}, [](double) { return false; }).status().code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace strata::evaluator

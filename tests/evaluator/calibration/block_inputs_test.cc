#include "evaluator/calibration/block_inputs.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

using BlockInputsTest = SingleThreadTest;

TEST_F(BlockInputsTest, EveryInputLeadsToTheNext) {
  const TransformerModel& model = WaveModel();
  const Windows sequences = WaveSequences(3, 10);
  const auto inputs = RecordBlockInputs(model, sequences, nullptr);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  ASSERT_EQ(inputs->size(), 4u);
  EXPECT_TRUE(at::equal((*inputs)[0], model.Embed(sequences)));
  BlockForward forward(model.config(), 10, Arithmetic::kFloat32);
  for (int block = 0; block < kWaveBlocks; ++block) {
    at::Tensor hidden = (*inputs)[block].clone();
    forward.Run(model.matrices(block), model.vectors(block), hidden);
    EXPECT_TRUE(at::equal(hidden, (*inputs)[block + 1])) << "block " << block;
  }
}

TEST_F(BlockInputsTest, StopsAndRefusesWhatDoesNotFit) {
  EXPECT_EQ(RecordBlockInputs(WaveModel(), WaveSequences(1, 4), [](double) { return false; })
                .status()
                .code(),
            absl::StatusCode::kCancelled);
  EXPECT_TRUE(CheckHeldBytes(int64_t{4} << 30, "features", "contents").ok());
  const absl::Status status = CheckHeldBytes(int64_t{6} << 30, "two features", "many inputs");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("two features hold many inputs: 6.0 GiB"),
            absl::string_view::npos)
      << status;
}

}  // namespace
}  // namespace strata::evaluator

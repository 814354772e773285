#include "evaluator/pruners/rank_bank.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/measurement/model_evaluator.h"
#include "evaluator/pruners/one_shot_pruner.h"
#include "tests/evaluator/banks/bank_test_support.h"
#include "tests/evaluator/support/wave_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using testing::HasSubstr;

class RankBankTest : public SingleThreadTest {
 protected:
  RankBankTest() {
    WriteFile(folder_ / "model.gguf", WaveModelGguf());
    auto summary = SummarizeModel(folder_ / "model.gguf");
    EXPECT_TRUE(summary.ok()) << summary.status();
    summary_ = *std::move(summary);
    auto statistics = RunCalibration(WaveModel(), WaveSequences(3, 20), {}, nullptr);
    EXPECT_TRUE(statistics.ok()) << statistics.status();
    statistics_ = *std::move(statistics);
  }

  RankBankPlace Place(const PruningMethod& method) const {
    return {folder_ / "banks", summary_, "text", {3, 20}, method};
  }

  absl::StatusOr<RankBank> OpenOrBuild(const PruningMethod& method) {
    return RankBank::OpenOrBuild(
        Place(method), WaveModel(),
        [&]() -> absl::StatusOr<const CalibrationStatistics*> {
          ++calibrations_;
          return &statistics_;
        },
        nullptr);
  }

  const TemporaryFolder folder_;
  ModelSummary summary_;
  CalibrationStatistics statistics_;
  int calibrations_ = 0;
};

constexpr PruningMethod kMethods[] = {{Pruner::kWanda, 0},
                                      {Pruner::kWanda, 4},
                                      {Pruner::kMagnitude, 0},
                                      {Pruner::kRia, 0},
                                      {Pruner::kRia, 8}};

TEST_F(RankBankTest, FromDiskGivesTheSameWeightsAsFromMemory) {
  TransformerModel& model = WaveModel();
  for (const PruningMethod& method : kMethods) {
    const auto memory = RankBank::Build(model, statistics_, method, nullptr);
    const auto disk = OpenOrBuild(method);
    ASSERT_TRUE(memory.ok() && disk.ok()) << memory.status() << disk.status();
    EXPECT_EQ(disk->method(), method);
    for (const Arithmetic arithmetic : {Arithmetic::kFloat32, Arithmetic::kBFloat16}) {
      const std::vector<BlockSparsity> sparsity(kWaveBlocks, {0.5, 0.75, 0.5, 0.25, 0.5, 0.75, 0});
      OneShotRanks one(model, *memory, sparsity, arithmetic);
      OneShotRanks other(model, *disk, sparsity, arithmetic);
      for (int block = 0; block < kWaveBlocks; ++block) {
        const auto expected = one.Next(block);
        const auto found = other.Next(block);
        ASSERT_TRUE(expected.ok() && found.ok()) << expected.status() << found.status();
        EXPECT_EQ(found->zeros, expected->zeros);
        for (int linear = 0; linear < kMaximumLinears; ++linear) {
          EXPECT_TRUE(at::equal(found->matrices.Linear(model.config(), linear),
                                expected->matrices.Linear(model.config(), linear)));
        }
      }
    }
  }
  EXPECT_EQ(calibrations_, 5);
}

TEST_F(RankBankTest, IsBuiltOnceAndSharedByAll) {
  const auto first = OpenOrBuild(kMethods[0]);
  const auto second = OpenOrBuild(kMethods[0]);
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_EQ(calibrations_, 1);
  EXPECT_NE(first->ranks(0, 0).bytes().data(), second->ranks(0, 0).bytes().data());
  EXPECT_EQ(std::filesystem::file_size(RankBankPath(Place(kMethods[0]))),
            static_cast<uintmax_t>(RankBankLayout(Place(kMethods[0])).file_bytes()));
}

TEST_F(RankBankTest, EverythingThatRanksDependOnGivesAnotherFile) {
  const RankBankPlace place = Place(kMethods[0]);
  std::vector<RankBankPlace> others(6, place);
  others[0].model.digest = "another";
  others[1].text_digest = "another";
  others[2].calibration.sequences = 4;
  others[3].calibration.sequence_tokens = 21;
  others[4].method.group = 4;
  others[5].method.pruner = Pruner::kRia;
  for (const RankBankPlace& other : others) EXPECT_NE(RankBankPath(other), RankBankPath(place));
  const std::string one_thread = RankBankPath(place);
  at::set_num_threads(2);
  EXPECT_NE(RankBankPath(place), one_thread);
}

TEST_F(RankBankTest, AStoppedBuildGoesOn) {
  const auto statistics = [&]() -> absl::StatusOr<const CalibrationStatistics*> {
    return &statistics_;
  };
  int calls = 0;
  const auto stopped = RankBank::OpenOrBuild(Place(kMethods[0]), WaveModel(), statistics,
                                             [&](double) { return calls++ < 2; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  ASSERT_TRUE(OpenOrBuild(kMethods[0]).ok());
  const std::string path = RankBankPath(Place(kMethods[0]));
  const std::string resumed = ReadFile(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(OpenOrBuild(kMethods[0]).ok());
  EXPECT_EQ(ReadFile(path), resumed);
}

TEST_F(RankBankTest, AlteredRanksAreNamed) {
  ASSERT_TRUE(OpenOrBuild(kMethods[0]).ok());
  const std::string path = RankBankPath(Place(kMethods[0]));
  std::string bytes = ReadFile(path);
  bytes[RankBankLayout(Place(kMethods[0])).offset(9)] ^= 1;
  WriteFile(path, bytes);
  const absl::Status status = OpenOrBuild(kMethods[0]).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("block 1, self_attn.v_proj"));
}

// Two evaluators as two workers have them, at the same time.
TEST_F(RankBankTest, EvaluatorsShareOneBankAndMeasureWhatTheyDoWithout) {
  std::string text;
  for (int line = 0; line < 3000; ++line) text += fmt::format("line {} of the text\n", line * line);
  WriteFile(folder_ / "text.txt", text);
  ModelEvaluatorOptions options;
  options.model_path = folder_ / "model.gguf";
  options.text_path = folder_ / "text.txt";
  EvaluateRequest request;
  request.calibration = {3, 20};
  request.allocation = {0.3, 0.6, 0.5};
  request.fidelity.windows = 2;
  request.fidelity.window_tokens = 24;
  const auto measure = [&](const std::string& bank_folder) -> std::vector<double> {
    ModelEvaluatorOptions mine = options;
    mine.bank_folder = bank_folder;
    const auto evaluator = OpenModelEvaluator(mine);
    if (!evaluator.ok()) return {};
    const auto measurement = (*evaluator)->Evaluate(request, nullptr);
    return measurement.ok() ? measurement->window_nll : std::vector<double>();
  };
  const std::vector<double> expected = measure("");
  ASSERT_EQ(expected.size(), 2u);
  std::vector<double> found[2];
  std::thread other([&] { found[0] = measure(folder_ / "shared"); });
  found[1] = measure(folder_ / "shared");
  other.join();
  EXPECT_EQ(found[0], expected);
  EXPECT_EQ(found[1], expected);
  int banks = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "shared")) {
    banks += entry.path().extension() == ".bank";
  }
  EXPECT_EQ(banks, 2);  // weights and ranks
}

}  // namespace
}  // namespace strata::evaluator

#include "evaluator/pruners/level_database.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/formats/gguf_file.h"
#include "evaluator/pruners/one_shot_pruner.h"
#include "tests/evaluator/banks/bank_test_support.h"
#include "tests/evaluator/support/wave_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using testing::HasSubstr;

constexpr const char* kTextDigest = "text";

std::unique_ptr<TransformerModel> Load(const std::string& path) {
  auto checkpoint = OpenCheckpoint(path);
  EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
  auto model = TransformerModel::Load(*std::move(checkpoint));
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

// A model file, its sequences, and databases of it.
class LevelDatabaseTest : public SingleThreadTest {
 protected:
  void UseModel(const std::string& gguf) {
    WriteFile(folder_ / "model.gguf", gguf);
    auto summary = SummarizeModel(folder_ / "model.gguf");
    ASSERT_TRUE(summary.ok()) << summary.status();
    summary_ = *std::move(summary);
    model_ = Load(folder_ / "model.gguf");
  }

  LevelLayout Layout(const std::string& grid, LevelStore store, int64_t group = 0) const {
    auto layout = LevelLayout::Create(summary_, kTextDigest,
                                      {.calibration = {4, 32},
                                       .group = group,
                                       .grid = *pruning::LevelGrid::Parse(grid),
                                       .store = store});
    EXPECT_TRUE(layout.ok()) << layout.status();
    return *std::move(layout);
  }

  absl::Status Build(const std::string& name, const LevelLayout& layout,
                     const Progress& progress = nullptr) const {
    auto writer = BankWriter::Open(LevelFilePath(folder_ / name), layout.bank());
    if (!writer.ok()) return writer.status();
    absl::Status status = ComputeLevels(*model_, sequences_, layout, *writer, progress);
    return status.ok() ? writer->Finish() : status;
  }

  LevelDatabase Open(const std::string& name) const {
    auto database = LevelDatabase::Open(folder_ / name, summary_, kTextDigest);
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }

  // Every linear of every block as the database gives it, and as it is solved for directly.
  void ExpectSameAsDirect(const LevelDatabase& database, const std::vector<BlockSparsity>& sparsity,
                          Arithmetic arithmetic) {
    const auto factors = FactorBank::Build(*model_, sequences_, nullptr);
    ASSERT_TRUE(factors.ok()) << factors.status();
    const LevelSettings& settings = database.layout().settings();
    OneShotSparseGpt direct(*model_, *factors, {Pruner::kSparseGpt, settings.group}, sparsity,
                            Arithmetic::kFloat32);
    auto served = OneShotLevels::Create(*model_, database, sparsity, arithmetic);
    ASSERT_TRUE(served.ok()) << served.status();
    EXPECT_EQ((*served)->choice().squared_distance, 0);
    for (int block = 0; block < kWaveBlocks; ++block) {
      const auto expected = direct.Next(block);
      const auto found = (*served)->Next(block);
      ASSERT_TRUE(expected.ok() && found.ok()) << expected.status() << found.status();
      EXPECT_EQ(found->zeros, expected->zeros) << block;
      for (int linear = 0; linear < kMaximumLinears; ++linear) {
        at::Tensor wanted = expected->matrices.Linear(model_->config(), linear);
        // Dense weights are not rounded where they are kept nowhere.
        if (settings.store == LevelStore::kBFloat16 && sparsity[block][linear] > 0) {
          wanted = wanted.to(at::kBFloat16);
        }
        const at::ScalarType type = arithmetic == Arithmetic::kFloat32 ? at::kFloat : at::kBFloat16;
        wanted = wanted.to(type).contiguous();
        const at::Tensor weights = found->matrices.Linear(model_->config(), linear);
        EXPECT_EQ(std::memcmp(wanted.const_data_ptr(), weights.const_data_ptr(), wanted.nbytes()),
                  0)
            << "block " << block << ", linear " << linear;
      }
    }
  }

  const TemporaryFolder folder_;
  const Windows sequences_ = WaveSequences(4, 32);
  ModelSummary summary_;
  std::unique_ptr<TransformerModel> model_;
};

// Levels 0, 0.5, 0.75, ... in turn.
std::vector<BlockSparsity> InTurn(const std::vector<double>& levels) {
  std::vector<BlockSparsity> sparsity(kWaveBlocks);
  size_t next = 0;
  for (BlockSparsity& block : sparsity) {
    for (double& value : block) value = levels[next++ % levels.size()];
  }
  return sparsity;
}

TEST_F(LevelDatabaseTest, GivesWhatSolvingForTheAllocationGives) {
  UseModel(WaveModelGguf());
  ASSERT_TRUE(Build("exact", Layout("0,0.3,0.5,0.75", LevelStore::kFloat32)).ok());
  const LevelDatabase exact = Open("exact");
  const std::vector<BlockSparsity> sparsity = InTurn({0, 0.3, 0.5, 0.75});
  ExpectSameAsDirect(exact, sparsity, Arithmetic::kFloat32);
  ExpectSameAsDirect(exact, sparsity, Arithmetic::kBFloat16);
  ASSERT_TRUE(Build("rounded", Layout("0.3,0.5,0.75", LevelStore::kBFloat16)).ok());
  const LevelDatabase rounded = Open("rounded");
  ExpectSameAsDirect(rounded, InTurn({0.3, 0.5, 0.75}), Arithmetic::kFloat32);
  ExpectSameAsDirect(rounded, InTurn({0.3, 0.5, 0.75}), Arithmetic::kBFloat16);
}

TEST_F(LevelDatabaseTest, HasPatternsToo) {
  UseModel(WaveModelGguf());
  ASSERT_TRUE(Build("groups", Layout("0,0.25,0.5,0.75", LevelStore::kFloat32, 4)).ok());
  ExpectSameAsDirect(Open("groups"), InTurn({0.5, 0.25, 0, 0.75}), Arithmetic::kFloat32);
}

// The wave model with the norm weights of some inputs of block 1 set to zero.
std::string ModelWithDeadInputs(const std::string& path) {
  std::string gguf = WaveModelGguf();
  WriteFile(path, gguf);
  const auto file = GgufFile::Open(path);
  EXPECT_TRUE(file.ok()) << file.status();
  for (const auto& [name, first] :
       {std::pair{"blk.1.attn_norm.weight", 3}, std::pair{"blk.1.ffn_norm.weight", 9}}) {
    const std::span<const std::byte> data = (*file)->tensors().at(name).data;
    const std::string bytes(reinterpret_cast<const char*>(data.data()), data.size());
    const size_t at = gguf.find(bytes);
    EXPECT_NE(at, std::string::npos);
    gguf.replace(at + first * sizeof(float), 2 * sizeof(float), 2 * sizeof(float), '\0');
  }
  return gguf;
}

TEST_F(LevelDatabaseTest, WeightsOfDeadInputsGoAtEveryLevel) {
  UseModel(ModelWithDeadInputs(folder_ / "waves.gguf"));
  ASSERT_TRUE(Build("dead", Layout("0,0.5", LevelStore::kFloat32)).ok());
  const LevelDatabase database = Open("dead");
  const auto bits = database.file().Entry(database.layout().DeadInputsEntry(1));
  ASSERT_TRUE(bits.ok()) << bits.status();
  // Inputs 3 and 4 of 16, none of 16, 9 and 10 of 16, none of 24.
  const std::vector<uint8_t> expected = {0x18, 0, 0, 0, 0, 0x06, 0, 0, 0};
  ASSERT_EQ(bits->size(), expected.size());
  EXPECT_EQ(std::memcmp(bits->data(), expected.data(), expected.size()), 0);
  ExpectSameAsDirect(database, InTurn({0}), Arithmetic::kFloat32);
  ExpectSameAsDirect(database, InTurn({0, 0.5}), Arithmetic::kFloat32);
}

TEST_F(LevelDatabaseTest, AnInterruptedBuildGoesOnToTheSameFile) {
  UseModel(WaveModelGguf());
  const LevelLayout layout = Layout("0,0.5,0.7", LevelStore::kBFloat16);
  ASSERT_TRUE(Build("whole", layout).ok());
  const std::string whole = ReadFile(LevelFilePath(folder_ / "whole"));
  for (const int steps : {1, 2, 9, 16, 17, 33}) {
    const std::string name = "stopped" + std::to_string(steps);
    double fraction = 0;
    int calls = 0;
    const absl::Status stopped = Build(name, layout, [&](double done) {
      EXPECT_GE(done, fraction);
      EXPECT_LE(done, 1);
      fraction = done;
      return calls++ < steps;
    });
    ASSERT_EQ(stopped.code(), absl::StatusCode::kCancelled) << steps;
    ASSERT_TRUE(Build(name, layout).ok()) << steps;
    EXPECT_EQ(ReadFile(LevelFilePath(folder_ / name)), whole) << steps;
  }
}

TEST_F(LevelDatabaseTest, ServesTheNearestLevelsOfTheSameMean) {
  UseModel(WaveModelGguf());
  ASSERT_TRUE(Build("levels", Layout("0.4,0.5,0.6", LevelStore::kFloat32)).ok());
  const LevelDatabase database = Open("levels");
  std::vector<BlockSparsity> sparsity(kWaveBlocks);
  sparsity[0].fill(0.47);
  sparsity[1].fill(0.53);
  sparsity[2].fill(0.5);
  const auto served = OneShotLevels::Create(*model_, database, sparsity, Arithmetic::kFloat32);
  ASSERT_TRUE(served.ok()) << served.status();
  EXPECT_NEAR((*served)->choice().mean, 0.5, 1e-4);
  for (BlockSparsity& block : sparsity) block.fill(0.9);
  const absl::Status status =
      OneShotLevels::Create(*model_, database, sparsity, Arithmetic::kFloat32).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(status.message()), HasSubstr("levels/levels.bank"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("0.600000"));
}

TEST_F(LevelDatabaseTest, AnAlteredLevelIsNamedWhenItIsUsed) {
  UseModel(WaveModelGguf());
  const LevelLayout layout = Layout("0.5,0.7", LevelStore::kFloat32);
  ASSERT_TRUE(Build("levels", layout).ok());
  const std::string path = LevelFilePath(folder_ / "levels");
  std::string bytes = ReadFile(path);
  bytes[layout.bank().offset(layout.WeightsEntry(1, 6, 1)) + 5] ^= 1;
  WriteFile(path, bytes);
  const LevelDatabase database = Open("levels");
  ExpectSameAsDirect(database, InTurn({0.5}), Arithmetic::kFloat32);
  auto served = OneShotLevels::Create(*model_, database, InTurn({0.7}), Arithmetic::kFloat32);
  ASSERT_TRUE(served.ok()) << served.status();
  EXPECT_TRUE((*served)->Next(0).ok());
  const absl::Status status = (*served)->Next(1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("block 1, mlp.down_proj, sparsity 0.7"));
}

TEST_F(LevelDatabaseTest, OfAnotherModelOrTextOrAbsentIsRefused) {
  UseModel(WaveModelGguf());
  ASSERT_TRUE(Build("levels", Layout("0.5,0.7", LevelStore::kFloat32)).ok());
  const auto message = [&](const std::string& name, const ModelSummary& model,
                           const std::string& text) {
    return std::string(LevelDatabase::Open(folder_ / name, model, text).status().message());
  };
  ModelSummary other = summary_;
  other.digest = "another";
  EXPECT_THAT(message("levels", other, kTextDigest), HasSubstr("model: expected another"));
  EXPECT_THAT(message("levels", summary_, "b"), HasSubstr("text: expected b, found text"));
  EXPECT_THAT(message("none", summary_, kTextDigest), HasSubstr("strata levels build"));
  other = summary_;
  other.linears[3].rows += 1;
  EXPECT_THAT(message("levels", other, kTextDigest), HasSubstr("do not fit the model"));
}

}  // namespace
}  // namespace strata::evaluator

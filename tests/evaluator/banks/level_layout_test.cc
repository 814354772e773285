#include "evaluator/banks/level_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/evaluator/banks/bank_test_support.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// Two blocks of width 16, of which half the rows are keys and values, and 24 feed-forward rows.
ModelSummary SmallSummary() {
  ModelSummary model;
  model.digest = "model digest";
  model.blocks = 2;
  for (int block = 0; block < 2; ++block) {
    for (const LinearShape& shape : {LinearShape{"q", 0, 16, 16},
                                     {"k", 0, 8, 16},
                                     {"v", 0, 8, 16},
                                     {"o", 0, 16, 16},
                                     {"gate", 0, 24, 16},
                                     {"up", 0, 24, 16},
                                     {"down", 0, 16, 24}}) {
      model.linears.push_back(shape);
      model.linears.back().block = block;
    }
  }
  return model;
}

LevelSettings Settings(const std::string& grid, int64_t group = 0) {
  return {.calibration = {8, 256},
          .group = group,
          .grid = *pruning::LevelGrid::Parse(grid),
          .store = LevelStore::kBFloat16};
}

TEST(LevelLayoutTest, EntriesAreWhereTheyAreLookedFor) {
  for (const char* grid : {"0,0.5,0.7", "0.5,0.7"}) {
    LevelSettings settings = Settings(grid);
    settings.store = LevelStore::kFloat32;
    const auto layout = LevelLayout::Create(SmallSummary(), "text", settings);
    ASSERT_TRUE(layout.ok()) << layout.status();
    const auto& entries = layout->bank().entries();
    ASSERT_EQ(entries.size(), 2u * (1 + 7 * 2));
    EXPECT_EQ(entries[layout->DeadInputsEntry(1)].name, "block 1, dead inputs");
    EXPECT_EQ(entries[layout->DeadInputsEntry(1)].bytes, 2 + 2 + 2 + 3);
    const int last = settings.grid.size() - 1;
    EXPECT_EQ(entries[layout->WeightsEntry(1, 6, last)].name, "block 1, down, sparsity 0.7");
    EXPECT_EQ(entries[layout->WeightsEntry(0, 1, last - 1)].name, "block 0, k, sparsity 0.5");
    EXPECT_EQ(entries[layout->WeightsEntry(0, 1, last - 1)].bytes, 8 * 16 * 4);
    EXPECT_EQ(layout->WeightsEntry(1, 6, last), 29);
  }
  const auto layout = LevelLayout::Create(SmallSummary(), "text", Settings("0,0.5"));
  EXPECT_EQ(layout->WeightsEntry(1, 3, 0), -1);
  EXPECT_EQ(layout->bank().entries()[1].bytes, 16 * 16 * 2);
}

TEST(LevelLayoutTest, LevelsMustFitTheGroup) {
  EXPECT_TRUE(LevelLayout::Create(SmallSummary(), "text", Settings("0,0.25,0.5", 4)).ok());
  const absl::Status status =
      LevelLayout::Create(SmallSummary(), "text", Settings("0,0.3,0.5", 4)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), HasSubstr("level 2"));
  EXPECT_THAT(Message(status), HasSubstr("every 4 weights, found the sparsity 0.3"));
  EXPECT_EQ(LevelLayout::Create(SmallSummary(), "text", Settings("0,0.5", 32)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

class OpenedLevelsTest : public testing::Test {
 protected:
  OpenedLevelsTest() {
    const auto layout = LevelLayout::Create(SmallSummary(), "text", Settings("0,0.25,0.5", 4));
    EXPECT_TRUE(layout.ok()) << layout.status();
    BuildSmall(LevelFilePath(folder_.path()), layout->bank());
    auto file = BankFile::Open(LevelFilePath(folder_.path()));
    EXPECT_TRUE(file.ok()) << file.status();
    file_.emplace(*std::move(file));
  }

  TemporaryFolder folder_;
  std::optional<BankFile> file_;
};

TEST_F(OpenedLevelsTest, SayWhatTheyWereMadeWith) {
  const auto settings = LevelSettingsOf(*file_);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->calibration.sequences, 8);
  EXPECT_EQ(settings->calibration.sequence_tokens, 256);
  EXPECT_EQ(settings->group, 4);
  EXPECT_EQ(settings->grid, *pruning::LevelGrid::Parse("0,0.25,0.5"));
  EXPECT_EQ(settings->store, LevelStore::kBFloat16);
}

TEST_F(OpenedLevelsTest, OfAnotherModelTextCalibrationOrGroupAreRefused) {
  EXPECT_TRUE(CheckLevels(*file_, SmallSummary(), "text", {8, 256}, 4).ok());
  ModelSummary other = SmallSummary();
  other.digest = "another";
  const auto message = [&](const ModelSummary& model, const std::string& text,
                           const Calibration& calibration, int64_t group) {
    const absl::Status status = CheckLevels(*file_, model, text, calibration, group);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    return Message(status);
  };
  EXPECT_THAT(message(other, "text", {8, 256}, 4),
              HasSubstr("model: expected another, found model digest"));
  EXPECT_THAT(message(SmallSummary(), "b", {8, 256}, 4), HasSubstr("text: expected b, found text"));
  EXPECT_THAT(message(SmallSummary(), "text", {8, 128}, 4),
              HasSubstr("calibration: expected 8x128, found 8x256"));
  EXPECT_THAT(message(SmallSummary(), "text", {8, 256}, 0),
              HasSubstr("group: expected 0, found 4"));
}

TEST(LevelLayoutErrorsTest, ABankOfSomethingElseIsNoLevelDatabase) {
  const TemporaryFolder folder;
  BuildSmall(folder / "a.bank");
  const auto file = BankFile::Open(folder / "a.bank");
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::Status status = LevelSettingsOf(*file).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), HasSubstr("contents: expected one-shot SparseGPT levels"));
  EXPECT_EQ(ParseLevelStore("fp16").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace strata::evaluator

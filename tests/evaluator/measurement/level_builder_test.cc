#include "evaluator/measurement/level_builder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/measurement/model_evaluator.h"
#include "tests/evaluator/banks/bank_test_support.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// The wave model and a text of many documents.
class LevelBuilderTest : public testing::Test {
 protected:
  LevelBuilderTest() {
    std::string text;
    for (int line = 0; line < 3000; ++line) {
      text += fmt::format("line {} of the text\n", line * line);
    }
    WriteFile(folder_ / "model.gguf", WaveModelGguf());
    WriteFile(folder_ / "text.txt", text);
    WriteFile(folder_ / "other.txt", "Another line.\n" + text);
  }

  LevelBuildOptions Options(const std::string& name, const std::string& grid = "0.25,0.5,0.75") {
    return {.model_path = folder_ / "model.gguf",
            .text_path = folder_ / "text.txt",
            .settings = {.calibration = {3, 24},
                         .group = 0,
                         .grid = *pruning::LevelGrid::Parse(grid),
                         .store = LevelStore::kFloat32},
            .folder = folder_ / name,
            .threads = 1,
            .device = "cpu"};
  }

  absl::Status Build(const LevelBuildOptions& options, const Progress& progress = nullptr) {
    const auto build = LevelBuild::Plan(options);
    return build.ok() ? (*build)->Run(progress) : build.status();
  }

  std::unique_ptr<Evaluator> Open(const std::string& level_folder,
                                  const std::string& text = "text.txt") {
    ModelEvaluatorOptions options;
    options.model_path = folder_ / "model.gguf";
    options.text_path = folder_ / text;
    options.level_folder = level_folder;
    auto opened = OpenModelEvaluator(options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }

  std::string DigestOf(const std::string& name) {
    const auto file = BankFile::Open(LevelFilePath(folder_ / name));
    EXPECT_TRUE(file.ok()) << file.status();
    return file->key().Digest();
  }

  EvaluateRequest Request(const std::string& levels) {
    EvaluateRequest request;
    request.method = {Pruner::kSparseGpt, 0};
    request.calibration = {3, 24};
    request.allocation = {0.25, 0.75, 0.5};
    request.fidelity.windows = 3;
    request.fidelity.window_tokens = 24;
    request.fidelity.levels = levels;
    return request;
  }

  const TemporaryFolder folder_;
};

TEST_F(LevelBuilderTest, APlanSaysWhatTheBuildWillTake) {
  const auto build = LevelBuild::Plan(Options("levels"));
  ASSERT_TRUE(build.ok()) << build.status();
  EXPECT_EQ((*build)->plan().entries, 3 * (1 + 7 * 3));
  EXPECT_FALSE((*build)->plan().finished);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "levels"));
  const absl::Status full = (*build)->Run(nullptr, (*build)->plan().bytes - 1);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Message(full), HasSubstr(std::to_string((*build)->plan().bytes)));
  ASSERT_TRUE(Build(Options("levels")).ok());
  EXPECT_EQ(std::filesystem::file_size(LevelFilePath(folder_ / "levels")),
            static_cast<uintmax_t>((*build)->plan().bytes));
  const auto again = LevelBuild::Plan(Options("levels"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE((*again)->plan().finished);
  EXPECT_TRUE((*again)->Run([](double) { return false; }).ok());
}

TEST_F(LevelBuilderTest, AStoppedBuildGoesOnToTheSameFile) {
  ASSERT_TRUE(Build(Options("whole")).ok());
  int calls = 0;
  EXPECT_EQ(Build(Options("stopped"), [&](double) { return calls++ < 30; }).code(),
            absl::StatusCode::kCancelled);
  const auto plan = LevelBuild::Plan(Options("stopped"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_GT((*plan)->plan().bytes_present, (*plan)->plan().bytes / 4);
  ASSERT_TRUE((*plan)->Run(nullptr).ok());
  EXPECT_EQ(ReadFile(LevelFilePath(folder_ / "stopped")),
            ReadFile(LevelFilePath(folder_ / "whole")));
}

TEST_F(LevelBuilderTest, AFolderOfSomethingElseIsNotTouched) {
  ASSERT_TRUE(Build(Options("levels")).ok());
  LevelBuildOptions options = Options("levels", "0.25,0.5");
  options.settings.calibration = {2, 24};
  const absl::Status status = LevelBuild::Plan(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("calibration: expected 2x24, found 3x24"));
  EXPECT_THAT(Message(status), HasSubstr("grid: expected 0.25,0.5, found 0.25,0.5,0.75"));
}

TEST_F(LevelBuilderTest, BadOptionsAreRefused) {
  LevelBuildOptions options = Options("levels");
  options.settings.calibration = {1000, 1000};
  EXPECT_EQ(LevelBuild::Plan(options).status().code(), absl::StatusCode::kInvalidArgument);
  options = Options("levels");
  options.settings.calibration = {0, 10};
  EXPECT_EQ(LevelBuild::Plan(options).status().code(), absl::StatusCode::kInvalidArgument);
  options = Options("levels");
  options.settings.group = 4;
  EXPECT_TRUE(LevelBuild::Plan(options).ok());
  options.settings.group = 32;
  EXPECT_EQ(LevelBuild::Plan(options).status().code(), absl::StatusCode::kInvalidArgument);
  options = Options("levels");
  options.model_path = folder_ / "none.gguf";
  EXPECT_EQ(LevelBuild::Plan(options).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LevelBuilderTest, AnEvaluationWithLevelsIsTheDirectOneAtTheLevels) {
  ASSERT_TRUE(Build(Options("levels")).ok());
  const auto evaluator = Open(folder_ / "levels");
  const auto direct = evaluator->Evaluate(Request(""), nullptr);
  const auto served = evaluator->Evaluate(Request(DigestOf("levels")), nullptr);
  ASSERT_TRUE(direct.ok() && served.ok()) << direct.status() << served.status();
  EXPECT_EQ(served->window_nll, direct->window_nll);
  EXPECT_EQ(served->achieved_sparsity, direct->achieved_sparsity);
  EXPECT_GT(served->achieved_sparsity, 0.45);
  EvaluateRequest dense = Request(DigestOf("levels"));
  dense.allocation.clear();
  EXPECT_TRUE(evaluator->Evaluate(dense, nullptr).ok());
}

TEST_F(LevelBuilderTest, ARequestThatTheDatabaseCannotServeIsRefused) {
  ASSERT_TRUE(Build(Options("levels")).ok());
  ASSERT_TRUE(Build(Options("other", "0.25,0.5,0.7,0.75")).ok());
  const auto evaluator = Open(folder_ / "levels");
  const auto message = [](Evaluator& with, const EvaluateRequest& request) {
    return Message(with.Evaluate(request, nullptr).status());
  };
  const std::string digest = DigestOf("levels");
  EvaluateRequest request = Request(digest);
  request.calibration = {2, 24};
  EXPECT_THAT(message(*evaluator, request), HasSubstr("calibration: expected 2x24, found 3x24"));
  request = Request(digest);
  request.method.group = 4;
  EXPECT_THAT(message(*evaluator, request), HasSubstr("group: expected 4, found 0"));
  request = Request(digest);
  request.method.pruner = Pruner::kWanda;
  EXPECT_THAT(message(*evaluator, request), HasSubstr("one-shot"));
  request = Request(digest);
  request.fidelity.protocol = Protocol::kSequential;
  EXPECT_THAT(message(*evaluator, request), HasSubstr("one-shot"));
  request = Request(digest);
  request.allocation.pop_back();
  EXPECT_THAT(message(*evaluator, request), HasSubstr("3 sparsities"));
  EXPECT_THAT(message(*evaluator, Request(DigestOf("other"))), HasSubstr("another grid or store"));
  EXPECT_THAT(message(*Open(""), Request(digest)), HasSubstr("found none"));
}

TEST_F(LevelBuilderTest, AnEvaluatorOfAnotherTextIsNotOpened) {
  ASSERT_TRUE(Build(Options("levels")).ok());
  ModelEvaluatorOptions options;
  options.model_path = folder_ / "model.gguf";
  options.text_path = folder_ / "other.txt";
  options.level_folder = folder_ / "levels";
  const absl::Status status = OpenModelEvaluator(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("levels.bank: text: expected "));
}

}  // namespace
}  // namespace strata::evaluator

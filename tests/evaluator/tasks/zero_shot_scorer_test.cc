#include "evaluator/tasks/zero_shot_scorer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/measurement/model_evaluator.h"
#include "evaluator/measurement/task_scorer.h"
#include "evaluator/pruners/block_source.h"
#include "evaluator/pruners/linear_sparsity.h"
#include "evaluator/pruners/window_losses.h"
#include "evaluator/tasks/task_evaluator.h"
#include "evaluator/tasks/zero_shot_tasks.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/evaluator/support/wave_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::tasks {
namespace {

using evaluator::EvaluateRequest;
using evaluator::Protocol;
using evaluator::Split;
using ::testing::HasSubstr;

TaskSet Set() {
  TaskSet set;
  for (const int t : {0, 1}) {
    Task& task = set.tasks.emplace_back();
    task.name = fmt::format("task {}", t);
    task.metrics = {t == 0 ? Metric::kAccNorm : Metric::kAcc};
    for (int i = 0; i < 30; ++i) {
      TaskItem item;
      item.line = i + 1;
      item.contexts = std::vector<std::string>(3, fmt::format("question {} {}", t, i * i));
      item.continuations = {" yes", " no", fmt::format(" {}", i)};
      item.choices = {"yes", "no", fmt::format("{}", i)};
      item.gold = {i % 3};
      task.items.push_back(item);
    }
  }
  return set;
}

// The wave model with a text, and the tasks.
class ZeroShotScorerTest : public ::testing::Test {
 protected:
  ZeroShotScorerTest() : model_(evaluator::WaveModelGguf()), text_(Text()) {}

  static std::string Text() {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += fmt::format("line {} of it\n\n", i * i % 977);
    return text;
  }

  std::unique_ptr<evaluator::Evaluator> Open(bool with_tasks) const {
    evaluator::ModelEvaluatorOptions options;
    options.model_path = model_.path();
    options.text_path = text_.path();
    if (with_tasks) {
      options.open_tasks = [](const std::string& path) { return OpenZeroShotScorer(Set(), path); };
    }
    auto evaluator = evaluator::OpenModelEvaluator(options);
    EXPECT_TRUE(evaluator.ok()) << evaluator.status();
    return *std::move(evaluator);
  }

  static EvaluateRequest Request(Protocol protocol, Split split) {
    EvaluateRequest request;
    request.calibration = {.sequences = 2, .sequence_tokens = 32};
    request.allocation = {0.25, 0.5, 0.75};
    request.fidelity.windows = 2;
    request.fidelity.window_tokens = 32;
    request.fidelity.protocol = protocol;
    request.fidelity.split = split;
    return request;
  }

  TemporaryFile model_, text_;
};

TEST_F(ZeroShotScorerTest, TheErrorIsThatOfThePrunedModelOnItsHalf) {
  const auto evaluator = Open(/*with_tasks=*/true);
  const auto without = Open(/*with_tasks=*/false);
  const auto asked =
      OpenTaskEvaluator({.model_path = model_.path(), .calibration_text_path = text_.path()});
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(evaluator->tasks_digest(), TaskSetDigest(Set()));
  for (const Protocol protocol : {Protocol::kOneShot, Protocol::kSequential}) {
    for (const Split split : {Split::kFitness, Split::kReport}) {
      EvaluateRequest request = Request(protocol, split);
      const auto plain = without->Evaluate(request, nullptr);
      request.fidelity.tasks = evaluator->tasks_digest();
      request.fidelity.task_items = split == Split::kFitness ? 7 : 0;
      const auto measured = evaluator->Evaluate(request, nullptr);
      ASSERT_TRUE(plain.ok() && measured.ok()) << plain.status() << measured.status();
      EXPECT_FALSE(plain->zero_shot_error.has_value());
      EXPECT_EQ(measured->window_nll, plain->window_nll) << "tasks must not change the loss";
      EXPECT_EQ(measured->achieved_sparsity, plain->achieved_sparsity);

      const std::vector<Task> half = TasksOfHalf(Set(), split, request.fidelity.task_items);
      ModelVersion version;
      version.sparsity = *evaluator::SparsityOfLinears(evaluator->model(), request.granularity,
                                                       request.allocation);
      version.protocol = protocol;
      version.calibration = request.calibration;
      std::vector<std::vector<ItemResponse>> responses;
      for (const Task& task : half) {
        auto answers = (*asked)->Respond(version, task, nullptr, nullptr);
        ASSERT_TRUE(answers.ok()) << answers.status();
        responses.push_back(*std::move(answers));
      }
      ASSERT_TRUE(measured->zero_shot_error.has_value());
      EXPECT_EQ(*measured->zero_shot_error, *ZeroShotError(half, responses));
    }
  }
}

TEST_F(ZeroShotScorerTest, OtherTasksAreRefused) {
  EvaluateRequest request = Request(Protocol::kOneShot, Split::kFitness);
  request.fidelity.tasks = "other";
  EXPECT_THAT(std::string(Open(true)->Evaluate(request, nullptr).status().message()),
              HasSubstr("expected the tasks other, found"));
  EXPECT_THAT(std::string(Open(false)->Evaluate(request, nullptr).status().message()),
              HasSubstr("--tasks"));
}

// Counts how often each block is made.
class CountingBlocks : public evaluator::BlockSource {
 public:
  CountingBlocks(const evaluator::TransformerModel& model, std::vector<int>* counts)
      : blocks_(model, evaluator::Arithmetic::kFloat32), counts_(counts) {}
  absl::StatusOr<evaluator::PrunedBlock> Next(int block) override {
    ++(*counts_)[block];
    return blocks_.Next(block);
  }

 private:
  evaluator::DenseBlocks blocks_;
  std::vector<int>* counts_;
};

TEST_F(ZeroShotScorerTest, WindowsAndTasksShareBlocksThatArePrunedOnce) {
  evaluator::TransformerModel& model = evaluator::WaveModel();
  std::vector<int> counts(evaluator::kWaveBlocks);
  evaluator::HeldBlocks blocks(model.config(), evaluator::Arithmetic::kFloat32,
                               std::make_unique<CountingBlocks>(model, &counts));
  const auto losses = evaluator::MeasureWindows(model, blocks, evaluator::WaveSequences(2, 16),
                                                evaluator::Arithmetic::kFloat32, nullptr);
  ASSERT_TRUE(losses.ok());
  const auto scorer = OpenZeroShotScorer(Set(), model_.path());
  ASSERT_TRUE(scorer.ok()) << scorer.status();
  std::vector<double> seen;
  const auto error = (*scorer)->MeasureError(model, blocks, {}, [&](double fraction) {
    seen.push_back(fraction);
    return true;
  });
  ASSERT_TRUE(error.ok()) << error.status();
  EXPECT_THAT(counts, ::testing::Each(1));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(
      (*scorer)->MeasureError(model, blocks, {}, [](double) { return false; }).status().code(),
      absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace strata::tasks

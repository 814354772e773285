#include "workers/wire/handshake.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "evaluator/synthetic_evaluator.h"
#include "tests/workers/small_search.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

class HandshakeTest : public testing::Test {
 protected:
  HandshakeTest() : evaluator_(SmallEvaluator()), hello_(MakeHello("w", *evaluator_)) {}
  std::string Refusal() const { return RefusalOf(hello_, subjects_); }
  std::unique_ptr<evaluator::Evaluator> evaluator_;
  v1::Hello hello_;
  std::vector<SubjectDigests> subjects_ = {{evaluator_->model().digest, evaluator_->text_digest()}};
};

TEST_F(HandshakeTest, TheSameIsAdmitted) {
  EXPECT_EQ(Refusal(), "");
  EXPECT_EQ(hello_.model().blocks(), kSmallBlocks);
  EXPECT_EQ(hello_.model().linears_size(), static_cast<int>(evaluator_->model().linears.size()));
}

TEST_F(HandshakeTest, EveryDifferenceIsRefusedWithBothValues) {
  const v1::Hello good = hello_;
  hello_.set_protocol_version(77);
  EXPECT_THAT(Refusal(),
              HasSubstr(fmt::format("protocol version: expected {}, found 77", kProtocolVersion)));
  hello_ = good;
  hello_.set_operator_table_hash(0x1234);
  EXPECT_THAT(Refusal(), HasSubstr("found 0000000000001234"));
  hello_ = good;
  hello_.set_model_digests(0, "other");
  EXPECT_THAT(Refusal(), HasSubstr("model digest: expected " + evaluator_->model().digest));
  EXPECT_THAT(Refusal(), HasSubstr("found other"));
  hello_ = good;
  hello_.set_text_digests(0, "other");
  EXPECT_THAT(Refusal(), HasSubstr("text digest: expected"));
  hello_ = good;
  hello_.clear_worker_name();
  EXPECT_THAT(Refusal(), HasSubstr("worker name"));
}

TEST_F(HandshakeTest, AWorkerWithoutTheTasksOfTheRunIsRefused) {
  EXPECT_EQ(TasksRefusalOf(hello_, ""), "");
  EXPECT_THAT(
      TasksRefusalOf(hello_, "digest"),
      HasSubstr("tasks digest: expected digest, found none: name their files with --tasks"));
  const auto with_tasks = evaluator::MakeSyntheticEvaluator(
      {.blocks = kSmallBlocks, .before_operation = nullptr, .tasks_digest = "digest"});
  EXPECT_EQ(TasksRefusalOf(MakeHello("w", *with_tasks), "digest"), "");
  EXPECT_THAT(TasksRefusalOf(MakeHello("w", *with_tasks), "other"), HasSubstr("found digest"));
  EXPECT_EQ(TasksRefusalOf(MakeHello("w", *with_tasks), ""), "") << "more than the run needs";
}

TEST_F(HandshakeTest, AWorkerHoldsSomeOfTheModelsAndTextsOfTheRun) {
  using testing::ElementsAre;
  const std::string own_text = evaluator_->text_digest();
  subjects_.push_back({"further model", own_text});
  subjects_.push_back({"further model", "further text"});
  EXPECT_EQ(Refusal(), "");
  EXPECT_THAT(HeldSubjects(hello_, subjects_), ElementsAre(0));
  hello_.set_model_digests(0, "further model");
  EXPECT_EQ(Refusal(), "");
  EXPECT_THAT(HeldSubjects(hello_, subjects_), ElementsAre(1));
  hello_.add_model_digests(evaluator_->model().digest);
  hello_.add_text_digests("further text");
  hello_.add_text_digests("one that is not asked for");
  EXPECT_THAT(HeldSubjects(hello_, subjects_), ElementsAre(0, 1, 2));
  for (int i = 0; i < 100; ++i) hello_.add_text_digests(fmt::format("{}", i));
  EXPECT_THAT(Refusal(), HasSubstr("at most 64"));
}

TEST(DefaultWorkerNameTest, NamesTheProcess) {
  EXPECT_THAT(DefaultWorkerName(), HasSubstr(fmt::format(":{}", getpid())));
}

}  // namespace
}  // namespace strata::workers

#include "search/engine/task_queue.h"

#include <gtest/gtest.h>

namespace strata::search {
namespace {

EvaluateTask Evaluation(int64_t candidate, Rung rung = Rung::kSearch) {
  return {candidate, rung, {0.5}};
}

int64_t CandidateOf(const std::optional<Task>& task) {
  return std::get<EvaluateTask>(task.value().work).candidate;
}

TEST(TaskQueue, ProfilesFirstThenEvaluationsInOrder) {
  TaskQueue queue;
  EXPECT_FALSE(queue.HandOut().has_value());
  queue.Add(Evaluation(4));
  queue.Add(Evaluation(2));
  queue.Add(7, ProfileTask{{"depth"}});
  const Task profile = queue.HandOut().value();
  EXPECT_EQ(std::get<ProfileTask>(profile.work).features.front(), "depth");
  EXPECT_EQ(queue.Find(profile.id)->asker, 7);
  EXPECT_EQ(queue.last_candidate_handed_out(), -1);
  EXPECT_EQ(CandidateOf(queue.HandOut()), 4);
  EXPECT_EQ(CandidateOf(queue.HandOut()), 2);
  EXPECT_EQ(queue.last_candidate_handed_out(), 4);
  EXPECT_FALSE(queue.HandOut().has_value());
}

TEST(TaskQueue, ATaskIsToldOfOnce) {
  TaskQueue queue;
  queue.Add(Evaluation(0));
  queue.Add(Evaluation(1));
  const Task first = queue.HandOut().value();
  const Task second = queue.HandOut().value();
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(CandidateOf(queue.TakeBack(first.id).task), 0);
  EXPECT_EQ(queue.Find(first.id), nullptr);
  EXPECT_NE(queue.Find(second.id), nullptr);
  EXPECT_EQ(queue.Find(99), nullptr);
}

TEST(TaskQueue, WhatWaitsForDroppedCandidatesIsForgottenWhatWasHandedOutIsNot) {
  TaskQueue queue;
  queue.Add(Evaluation(5));
  const Task out = queue.HandOut().value();
  queue.Add(Evaluation(6));
  queue.Add(Evaluation(3));
  queue.Add(9, ProfileTask{{"depth"}});
  queue.DropAbove(4);
  EXPECT_NE(queue.Find(out.id), nullptr);
  EXPECT_EQ(CandidateOf(queue.HandOut()), 3);
  EXPECT_FALSE(queue.HandOut().has_value());
}

TEST(TaskQueue, FinalistsAreNoSearch) {
  TaskQueue queue;
  queue.Add(Evaluation(8, Rung::kSelect));
  queue.HandOut();
  EXPECT_EQ(queue.last_candidate_handed_out(), -1);
}

}  // namespace
}  // namespace strata::search

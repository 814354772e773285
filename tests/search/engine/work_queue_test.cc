#include "search/engine/work_queue.h"

#include <gtest/gtest.h>

namespace strata::search {
namespace {

EvaluateWork Evaluation(int64_t candidate, Stage stage = Stage::kSearch) {
  return {candidate, stage, {0.5}};
}

int64_t CandidateOf(const std::optional<WorkItem>& item) {
  return std::get<EvaluateWork>(item.value().work).candidate;
}

TEST(WorkQueue, FeaturesComeBeforeTheirAskersAndAfterEarlierCandidates) {
  WorkQueue queue;
  EXPECT_FALSE(queue.HandOut().has_value());
  queue.Add(Evaluation(2));
  queue.Add(Evaluation(4));
  queue.Add(Evaluation(7));
  queue.Add(9, ProfileWork{{"alpha"}});
  queue.Add(4, ProfileWork{{"depth"}});
  const auto feature_of = [](const WorkItem& item) {
    return std::get<ProfileWork>(item.work).features.front();
  };
  EXPECT_EQ(CandidateOf(queue.HandOut()), 2);
  const WorkItem profile = queue.HandOut().value();
  EXPECT_EQ(feature_of(profile), "depth");
  EXPECT_EQ(queue.Find(profile.id)->asker, 4);
  EXPECT_EQ(queue.last_candidate_handed_out(), 2);
  EXPECT_EQ(CandidateOf(queue.HandOut()), 4);
  EXPECT_EQ(CandidateOf(queue.HandOut()), 7);
  // No evaluation is left to hand out before it.
  EXPECT_EQ(feature_of(queue.HandOut().value()), "alpha");
  EXPECT_EQ(queue.last_candidate_handed_out(), 7);
  EXPECT_FALSE(queue.HandOut().has_value());
}

TEST(WorkQueue, AWorkItemIsToldOfOnce) {
  WorkQueue queue;
  queue.Add(Evaluation(0));
  queue.Add(Evaluation(1));
  const WorkItem first = queue.HandOut().value();
  const WorkItem second = queue.HandOut().value();
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(CandidateOf(queue.TakeBack(first.id).item), 0);
  EXPECT_EQ(queue.Find(first.id), nullptr);
  EXPECT_NE(queue.Find(second.id), nullptr);
  EXPECT_EQ(queue.Find(99), nullptr);
}

TEST(WorkQueue, WhatWaitsForDroppedCandidatesIsForgottenWhatWasHandedOutIsNot) {
  WorkQueue queue;
  queue.Add(Evaluation(5));
  const WorkItem out = queue.HandOut().value();
  queue.Add(Evaluation(6));
  queue.Add(Evaluation(3));
  queue.Add(9, ProfileWork{{"depth"}});
  queue.DropAbove(4);
  EXPECT_NE(queue.Find(out.id), nullptr);
  EXPECT_EQ(CandidateOf(queue.HandOut()), 3);
  EXPECT_FALSE(queue.HandOut().has_value());
}

TEST(WorkQueue, FinalistsAreNoSearch) {
  WorkQueue queue;
  queue.Add(Evaluation(8, Stage::kSelect));
  queue.HandOut();
  EXPECT_EQ(queue.last_candidate_handed_out(), -1);
}

}  // namespace
}  // namespace strata::search

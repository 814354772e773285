// The same options and results give the same candidates, bit for bit, whatever the number and
// timing of workers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/search/simulation.h"

namespace strata::search {
namespace {

std::unique_ptr<Engine> Make(const EngineOptions& options) {
  auto engine = Engine::Create(options, SyntheticLayout());
  EXPECT_TRUE(engine.ok()) << engine.status();
  return *std::move(engine);
}

// Some work items fail, by content alone.
Outcome SometimesFail(const WorkItem& item, Outcome outcome) {
  if (const auto* evaluate = std::get_if<EvaluateWork>(&item.work)) {
    if (std::hash<double>()(evaluate->allocation[0]) % 9 == 0) return FailedOutcome{"unlucky"};
  } else {
    for (const std::string& feature : std::get<ProfileWork>(item.work).features) {
      if (std::hash<std::string>()(feature) % 11 == 0) return FailedOutcome{"unmeasurable"};
    }
  }
  return outcome;
}

class EngineDeterminism : public ::testing::TestWithParam<uint64_t> {};

TEST_P(EngineDeterminism, OneTwoOrFiveWorkersInAnyOrder) {
  for (const bool with_failures : {false, true}) {
    Laboratory laboratory;
    if (with_failures) laboratory.distort = SometimesFail;
    const EngineOptions options =
        GetParam() % 2 == 0 ? SyntheticOptions(GetParam(), 130) : SmallOptions(GetParam(), 100);
    std::string expected;
    for (const int workers : {1, 2, 5, 5, 50}) {
      const auto engine = Make(options);
      Drive(engine.get(), &laboratory, workers, GetParam() * 100 + static_cast<uint64_t>(workers));
      const std::string found = Describe(engine->candidates());
      if (expected.empty()) expected = found;
      ASSERT_EQ(found, expected) << workers << " workers";
    }
    EXPECT_GT(expected.size(), 10000u);
  }
}

// What was stopped after candidate L is what a search gives that is told to stop after L before it
// begins.
TEST_P(EngineDeterminism, AStopCanBeRepeatedFromTheBeginning) {
  std::mt19937_64 random(GetParam());
  Laboratory laboratory;
  if (GetParam() % 2 == 1) laboratory.distort = SometimesFail;
  for (int round = 0; round < 8; ++round) {
    const EngineOptions options =
        round % 2 == 0 ? SyntheticOptions(GetParam(), 120) : SmallOptions(GetParam(), 120);
    const auto stop_at = static_cast<int64_t>(random() % 130);
    const auto stopped = Make(options);
    Drive(stopped.get(), &laboratory, 1 + static_cast<int>(random() % 5), random(),
          [&](int64_t tells) {
            if (tells == stop_at) stopped->StopSearch();
            return false;
          });
    ASSERT_EQ(stopped->phase(), Phase::kDone);
    const auto repeated = Make(options);
    repeated->StopSearch(stopped->last_candidate_handed_out());
    Drive(repeated.get(), &laboratory, 1 + static_cast<int>(random() % 5), random());
    ASSERT_EQ(Describe(repeated->candidates()), Describe(stopped->candidates()))
        << "stopped after " << stop_at << " tells, candidate "
        << stopped->last_candidate_handed_out();
    EXPECT_EQ(repeated->evaluations(), stopped->evaluations());
  }
}

TEST_P(EngineDeterminism, AStopKeepsWhatWasHandedOutAndNothingElse) {
  Laboratory laboratory;
  const auto engine = Make(SmallOptions(GetParam(), 0));
  int64_t last = -1;
  Drive(engine.get(), &laboratory, 4, GetParam(), [&](int64_t tells) {
    if (tells == 40) {
      engine->StopSearch(3);  // below what was handed out: those are awaited all the same
      last = engine->last_candidate_handed_out();
      EXPECT_EQ(engine->candidates().back().id, last);
    }
    if (tells == 42) engine->StopSearch(1000);  // too late to want more
    return false;
  });
  EXPECT_EQ(engine->candidates().back().id, last);
  EXPECT_EQ(engine->phase(), Phase::kDone);
  for (const Candidate& candidate : engine->candidates()) {
    EXPECT_TRUE(candidate.fitness_nll || !candidate.failure.empty()) << candidate.id;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EngineDeterminism, ::testing::Range<uint64_t>(1, 7));

}  // namespace
}  // namespace strata::search

#include "evaluator/decoding/thread_team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace strata::evaluator {
namespace {

TEST(ThreadTeamTest, EveryPartIsWorkedOnOnce) {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadTeam team(threads);
    EXPECT_EQ(team.threads(), threads);
    ASSERT_GE(team.parts(), threads);
    std::vector<int> calls(team.parts());
    for (int run = 1; run <= 200; ++run) {
      team.Run([&](int part) { ++calls[part]; });
      ASSERT_EQ(calls, std::vector<int>(team.parts(), run)) << threads << " threads";
    }
  }
}

TEST(ThreadTeamTest, OneThreadIsTheCaller) {
  ThreadTeam team(1);
  ASSERT_EQ(team.parts(), 1);
  std::thread::id worker;
  team.Run([&](int part) { worker = std::this_thread::get_id(); });
  EXPECT_EQ(worker, std::this_thread::get_id());
}

// A part that waits for another one ends only if they are worked on at the same time.
TEST(ThreadTeamTest, ThreadsWorkAtTheSameTime) {
  ThreadTeam team(2);
  for (int run = 0; run < 3; ++run) {
    std::atomic<int> begun = 0;
    team.Run([&](int part) {
      ++begun;
      while (begun < 2) std::this_thread::yield();
    });
    EXPECT_EQ(begun, team.parts());
  }
}

// A run sees all that was done in the one before.
TEST(ThreadTeamTest, RunsFollowOneAnother) {
  constexpr int kRuns = 2000;
  ThreadTeam team(3);
  const int parts = team.parts();
  std::vector<int64_t> numbers(parts, 1);
  std::vector<int64_t> sums(parts);
  std::vector<int64_t> expected(parts, 1);
  for (int run = 0; run < kRuns; ++run) {
    team.Run([&](int part) {
      sums[part] = 0;
      for (const int64_t number : numbers) sums[part] += number;
    });
    team.Run([&](int part) { numbers[part] = sums[part] % 1000 + part; });
    int64_t sum = 0;
    for (const int64_t number : expected) sum += number;
    for (int part = 0; part < parts; ++part) expected[part] = sum % 1000 + part;
  }
  EXPECT_EQ(numbers, expected);
}

// Threads that found nothing left to do, and slept while another worked for long, wake up for the
// next run.
TEST(ThreadTeamTest, SleepersWakeUp) {
  ThreadTeam team(3);
  std::atomic<int> yields = 0;
  std::vector<int> calls(team.parts());
  for (int run = 1; run <= 3; ++run) {
    team.Run([&](int part) {
      ++calls[part];
      if (part != 1) return;
      for (int i = 0; i < 2000; ++i) {
        std::this_thread::yield();
        ++yields;
      }
    });
    EXPECT_EQ(yields, 2000 * run);
  }
  EXPECT_EQ(calls, std::vector<int>(team.parts(), 3));
}

}  // namespace
}  // namespace strata::evaluator

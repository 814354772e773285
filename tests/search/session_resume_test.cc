// A run killed at any completion resumes to the same final archive, bit for bit.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>

#include "tests/search/simulation.h"
#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

struct Archive {
  std::string candidates;  // of the engine
  std::string stored;
  std::vector<RefinedResult> refined;  // stored
};

class SessionResume : public ::testing::Test {
 protected:
  SessionResume() {
    options_.engine = SmallOptions(7, 30);
    options_.profile_context = options_.search_context = "c";
    options_.select_context = "s";
    options_.verify_context = "v";
    options_.now_seconds = [this] { return now_; };
  }

  // One sitting. Destroying session and store without a word is what a kill leaves: every write was
  // committed. Returns the number of completions of this sitting, and the archive if it came to its
  // end.
  std::pair<int64_t, std::optional<Archive>> Sit(const std::string& folder, int workers,
                                                 uint64_t order_seed, int64_t kill_at,
                                                 bool tick = true) {
    const RunStoreOptions quick = {.fsync = Fsync::kCheckpoint};
    auto store = RunStore::Open(folder, quick);
    if (!store.ok()) store = RunStore::Create(folder, quick);
    EXPECT_TRUE(store.ok()) << store.status();
    auto session = Session::Create(options_, SyntheticLayout(), store->get());
    EXPECT_TRUE(session.ok()) << session.status();
    const int64_t done = Drive(session->get(), &laboratory_, workers, order_seed, [&](int64_t n) {
      if (tick) now_ += 1;
      return n == kill_at;
    });
    if (done < 0 || !(*session)->done()) return {done, std::nullopt};
    EXPECT_TRUE(std::holds_alternative<Done>(*(*session)->Next()));
    return {done, Archive{Describe((*session)->engine().candidates()),
                          Describe(*(*store)->Candidates()), *(*store)->Refined()}};
  }

  void ExpectSame(const std::optional<Archive>& found, const Archive& expected) {
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->candidates, expected.candidates);
    EXPECT_EQ(found->stored, expected.stored);
    EXPECT_EQ(found->refined, expected.refined);
  }

  Laboratory laboratory_;
  SessionOptions options_;
  double now_ = 0;
};

TEST_F(SessionResume, KilledOnceAtEveryCompletion) {
  TemporaryFolder temporary;
  const auto [total, archive] = Sit(temporary / "whole", 3, 1, -1);
  ASSERT_TRUE(archive);
  ASSERT_GT(total, 30);
  const int64_t evaluations = laboratory_.evaluations();
  for (int64_t kill_at = 1; kill_at <= total; ++kill_at) {
    const std::string folder = temporary / fmt::format("killed-{}", kill_at);
    const int64_t before = laboratory_.evaluations();
    const auto [first, end] = Sit(folder, 3, static_cast<uint64_t>(kill_at), kill_at);
    EXPECT_TRUE(first == kill_at || end);
    ExpectSame(Sit(folder, 2, 99, -1).second, *archive);
    // Nothing that was stored is measured again.
    EXPECT_EQ(laboratory_.evaluations() - before, evaluations) << "killed at " << kill_at;
  }
}

TEST_F(SessionResume, KilledOnceAtEveryCompletionOfARefinement) {
  options_.refinement.emplace().evaluations = 12;
  options_.refine_context = "r";
  TemporaryFolder temporary;
  const auto [total, archive] = Sit(temporary / "whole", 3, 1, -1);
  ASSERT_TRUE(archive);
  ASSERT_EQ(archive->refined.size(), 12u);
  for (int64_t kill_at = total - 18; kill_at <= total; ++kill_at) {
    const std::string folder = temporary / fmt::format("killed-{}", kill_at);
    const auto [first, end] = Sit(folder, 3, static_cast<uint64_t>(kill_at), kill_at);
    EXPECT_TRUE(first == kill_at || end);
    const auto [second, whole] = Sit(folder, 2, 99, -1);
    ExpectSame(whole, *archive);
    EXPECT_EQ(first + second, total) << "killed at " << kill_at;
  }
}

TEST_F(SessionResume, KilledOnceAtEveryCompletionOfAnEvoPressSearch) {
  options_.engine.strategy.kind = StrategyKind::kEvoPress;
  options_.engine.random_candidates = 0;
  options_.engine.maximum_evaluations = 0;
  RefinementOptions& refinement = options_.refinement.emplace();
  refinement.evaluations = 8;
  refinement.method = RefinementMethod::kEvoPress;
  refinement.start = RefinementStart::kUniform;
  refinement.evopress = {.offspring = 4, .rungs = {{1, 2}}, .windows = 4};
  options_.refine_context = "r";
  options_.refine_rung_contexts = {"r, one window"};
  TemporaryFolder temporary;
  const auto [total, archive] = Sit(temporary / "whole", 3, 1, -1);
  ASSERT_TRUE(archive);
  // The start, and two generations of four.
  EXPECT_EQ(archive->refined.size(), 1u + 4 + 4);
  for (int64_t kill_at = 1; kill_at <= total; ++kill_at) {
    const std::string folder = temporary / fmt::format("killed-{}", kill_at);
    const auto [first, end] = Sit(folder, 3, static_cast<uint64_t>(kill_at), kill_at);
    EXPECT_TRUE(first == kill_at || end);
    const auto [second, whole] = Sit(folder, 2, 99, -1);
    ExpectSame(whole, *archive);
    EXPECT_EQ(first + second, total) << "killed at " << kill_at;
  }
}

TEST_F(SessionResume, KilledAgainAndAgain) {
  options_.engine = SyntheticOptions(8, 120);
  TemporaryFolder temporary;
  const auto [total, archive] = Sit(temporary / "whole", 1, 1, -1);
  ASSERT_TRUE(archive);
  const int64_t evaluations = laboratory_.evaluations();
  std::mt19937_64 random(3);
  for (int round = 0; round < 4; ++round) {
    const std::string folder = temporary / fmt::format("killed-{}", round);
    const int64_t before = laboratory_.evaluations();
    std::optional<Archive> end;
    for (int sitting = 0; sitting < 200 && !end; ++sitting) {
      const int workers = 1 + static_cast<int>(random() % 5);
      const auto kill_at = static_cast<int64_t>(1 + random() % 20);
      end = Sit(folder, workers, random(), kill_at).second;
    }
    EXPECT_EQ(laboratory_.evaluations() - before, evaluations);
    ExpectSame(end, *archive);
  }
}

// Stopped by the budget with several work items outstanding; then killed at each completion while
// draining and verifying.
TEST_F(SessionResume, KilledAfterTheBudgetWasSpent) {
  options_.engine = SmallOptions(7, 0);
  options_.budget_seconds = 20;
  TemporaryFolder temporary;
  const auto [total, archive] = Sit(temporary / "whole", 4, 5, -1);
  ASSERT_TRUE(archive);
  ASSERT_GT(total, 22);
  const int64_t evaluations = laboratory_.evaluations();
  for (int64_t kill_at = 21; kill_at <= total; ++kill_at) {
    now_ = 0;
    const std::string folder = temporary / fmt::format("killed-{}", kill_at);
    const int64_t before = laboratory_.evaluations();
    EXPECT_EQ(Sit(folder, 4, 5, kill_at).first, kill_at);
    now_ = 1e6;  // much later
    ExpectSame(Sit(folder, 3, 77, -1).second, *archive);
    EXPECT_EQ(laboratory_.evaluations() - before, evaluations) << "killed at " << kill_at;
  }
}

// Killed before the stop, at the edge of the budget: what the first sitting found is kept, and one
// more is measured at most.
TEST_F(SessionResume, ASpentBudgetKeepsWhatWasFound) {
  options_.engine = SmallOptions(7, 0);
  options_.budget_seconds = 20;
  TemporaryFolder temporary;
  const std::string folder = temporary / "run";
  const auto [first, none] = Sit(folder, 1, 5, 20);
  EXPECT_EQ(first, 20);
  EXPECT_FALSE(none);
  const int64_t found = laboratory_.evaluations(Stage::kSearch);
  options_.budget_seconds = 15;
  const auto [second, archive] = Sit(folder, 1, 5, -1);
  ASSERT_TRUE(archive);
  auto store = RunStore::OpenForReading(folder);
  ASSERT_TRUE(store.ok());
  int measured = 0;
  const auto rows = (*store)->Candidates();
  ASSERT_TRUE(rows.ok());
  for (const StoredCandidate& row : *rows) {
    EXPECT_TRUE(row.fitness_nll || !row.failure.empty());
    measured += row.fitness_nll && !row.same_as ? 1 : 0;
  }
  EXPECT_GE(measured, found);
  EXPECT_LE(measured, found + 1);
  // A profile work item, an evaluation and the dense model; the dense model, uniform and two
  // finalists on each of the two exact stages.
  EXPECT_LE(second, 1 + 2 + 2 * (2 + 2));
}

// Features come in many work items, each of which is stored by itself. A sitting that is killed
// after one completion therefore loses at most what is being measured.
TEST_F(SessionResume, FeaturesAreStoredAsTheyCome) {
  std::map<std::string, int> measured;
  laboratory_.distort = [&](const WorkItem& item, Outcome outcome) {
    if (const auto* profile = std::get_if<ProfileWork>(&item.work)) {
      for (const std::string& feature : profile->features) ++measured[feature];
    }
    return outcome;
  };
  TemporaryFolder temporary;
  const std::string folder = temporary / "run";
  size_t most_at_once = 0;
  for (uint64_t sitting = 1; sitting <= 15; ++sitting) {
    const size_t before = measured.size();
    EXPECT_EQ(Sit(folder, 1, sitting, 1).first, 1);
    most_at_once = std::max(most_at_once, measured.size() - before);
  }
  EXPECT_GT(measured.size(), 10u);
  ASSERT_TRUE(Sit(folder, 1, 99, -1).second);
  EXPECT_LT(3 * most_at_once, measured.size()) << "only what one pass measures comes at once";
  for (const auto& [feature, times] : measured) EXPECT_EQ(times, 1) << feature;
}

TEST_F(SessionResume, FailuresAreRemembered) {
  laboratory_.distort = [](const WorkItem& item, Outcome outcome) -> Outcome {
    const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
    if (evaluate != nullptr && evaluate->candidate % 4 == 1) return FailedOutcome{"crashed"};
    if (evaluate == nullptr && std::get<ProfileWork>(item.work).features.size() > 1) {
      return FailedOutcome{"too many at once"};
    }
    return outcome;
  };
  TemporaryFolder temporary;
  const auto [total, archive] = Sit(temporary / "whole", 3, 1, -1);
  ASSERT_TRUE(archive);
  const int64_t evaluations = laboratory_.evaluations();
  for (int64_t kill_at = 1; kill_at <= total; kill_at += 3) {
    const std::string folder = temporary / fmt::format("killed-{}", kill_at);
    const int64_t before = laboratory_.evaluations();
    Sit(folder, 3, static_cast<uint64_t>(kill_at), kill_at);
    ExpectSame(Sit(folder, 2, 99, -1).second, *archive);
    EXPECT_EQ(laboratory_.evaluations() - before, evaluations) << "killed at " << kill_at;
  }
}

TEST_F(SessionResume, CostOfStoragePerEvaluation) {
  options_.engine = SyntheticOptions(1, 2000);
  TemporaryFolder temporary;
  const auto start = std::chrono::steady_clock::now();
  const auto [total, archive] = Sit(temporary / "run", 1, 1, -1);
  const auto searched = std::chrono::steady_clock::now();
  ASSERT_TRUE(archive);
  EXPECT_EQ(Sit(temporary / "run", 1, 1, -1).first, 0);
  const auto resumed = std::chrono::steady_clock::now();
  const auto micro = [](auto duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
  };
  // Printed, not judged: a test must not depend on how fast the machine is.
  fmt::print("session: {:.1f} microseconds per evaluation, {:.1f} to replay one\n",
             micro(searched - start) / 2000, micro(resumed - searched) / 2000);
}

}  // namespace
}  // namespace strata::search

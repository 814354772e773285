#include "search/run_check.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/search/simulation.h"
#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RunCheckTest : public ::testing::Test {
 protected:
  RunCheckTest() {
    options_.engine = SmallOptions(7, 20);
    options_.profile_context = options_.search_context = "c";
    options_.select_context = "s";
    options_.verify_context = "v";
    options_.now_seconds = [this] { return now_; };
  }

  // Searches until `stop_after` outcomes came; -1: to the end.
  void Search(int64_t stop_after) {
    auto store = RunStore::Create(folder_, {.fsync = Fsync::kCheckpoint});
    ASSERT_TRUE(store.ok()) << store.status();
    auto session = Session::Create(options_, SyntheticLayout(), store->get());
    ASSERT_TRUE(session.ok()) << session.status();
    Drive(session->get(), &laboratory_, 3, 5, [&](int64_t n) {
      now_ += 1;
      return n == stop_after;
    });
    if (stop_after < 0) {
      EXPECT_TRUE((*session)->Next().ok());
    }
  }

  void Change(const std::string& sql) {
    SQLite::Database(folder_ + "/strata.sqlite", SQLite::OPEN_READWRITE).exec(sql);
  }

  std::vector<std::string> Problems() {
    const std::string before = Content();
    auto copy = RunStore::OpenCopy(folder_);
    EXPECT_TRUE(copy.ok()) << copy.status();
    auto check = CheckDatabase(**copy);
    EXPECT_TRUE(check.ok()) << check.status();
    EXPECT_GT(check->outcomes, 0);
    if (check->problems.empty()) {
      const absl::Status replayed = CheckReplay(options_, SyntheticLayout(), copy->get(), &*check);
      EXPECT_TRUE(replayed.ok()) << replayed;
      EXPECT_GT(check->candidates, 0);
    }
    EXPECT_EQ(Content(), before) << "nothing is written";
    return check->problems;
  }

  std::string Content() {
    SQLite::Database database(folder_ + "/strata.sqlite");
    return database
        .execAndGet(
            "SELECT (SELECT group_concat(id || text || coalesce(fitness_nll, '')) FROM candidates)"
            " || (SELECT group_concat(name || value) FROM properties)")
        .getString();
  }

  TemporaryFolder temporary_;
  const std::string folder_ = temporary_ / "run";
  SessionOptions options_;
  Laboratory laboratory_;
  double now_ = 0;
};

TEST_F(RunCheckTest, ARefinementIsReplayedToo) {
  options_.refinement.emplace().evaluations = 6;
  options_.refine_context = "r";
  Search(-1);
  EXPECT_THAT(Problems(), IsEmpty());
  Change("UPDATE refined SET selection_nll = 1 WHERE id = 0");
  EXPECT_THAT(Problems(), Contains(HasSubstr("refined allocation 0: what is stored")));
  Change("DELETE FROM refined WHERE id = 5");
  EXPECT_THAT(Problems(), Contains(HasSubstr("refined allocation 5")));
}

TEST_F(RunCheckTest, AFinishedRunIsWhole) {
  Search(-1);
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(RunCheckTest, ARunIsWholeWhereverItWasCutOff) {
  for (int64_t stop_after = 1; stop_after < 24; stop_after += 2) {
    std::filesystem::remove_all(folder_);
    Search(stop_after);
    EXPECT_THAT(Problems(), IsEmpty()) << stop_after;
  }
}

TEST_F(RunCheckTest, ARunWhoseBudgetWasSpentIsWhole) {
  options_.engine = SmallOptions(7, 0);
  options_.budget_seconds = 12;
  Search(-1);
  EXPECT_THAT(Problems(), IsEmpty());
}

// One of two outcomes may be that of the dense model, which belongs to no candidate.
TEST_F(RunCheckTest, ALostOutcomeIsNamedWithItsCandidate) {
  Search(-1);
  Change(
      "DELETE FROM outcomes WHERE digest IN (SELECT digest FROM outcomes WHERE kind = 'evaluate' "
      "ORDER BY rowid LIMIT 2)");
  EXPECT_THAT(Problems(), Contains(HasSubstr("it must come from is not stored")));
}

TEST_F(RunCheckTest, AnOutcomeThatCannotBeReadIsNamed) {
  Search(-1);
  Change("UPDATE outcomes SET payload = X'00' WHERE kind = 'evaluate'");
  const auto problems = Problems();
  EXPECT_THAT(problems, Contains(HasSubstr("cannot be 1 bytes long")));
  EXPECT_LE(problems.size(), 20u);
  EXPECT_THAT(problems.back(), HasSubstr("more"));
}

TEST_F(RunCheckTest, AChangedCandidateIsNamedWithItsColumn) {
  Search(-1);
  Change("UPDATE candidates SET fitness_nll = fitness_nll + 1e-15 * fitness_nll WHERE id = 3");
  EXPECT_THAT(Problems(), testing::ElementsAre(HasSubstr("candidate 3: its stored fitness_nll")));
}

TEST_F(RunCheckTest, AnotherFrontIsNamed) {
  Search(-1);
  Change("UPDATE candidates SET on_front = 1 - on_front WHERE id = 2");
  EXPECT_THAT(Problems(), testing::ElementsAre(HasSubstr("candidate 2: its stored on_front")));
}

TEST_F(RunCheckTest, MissingAndSurplusRowsAreNamed) {
  Search(-1);
  Change("DELETE FROM candidates WHERE id = 4");
  EXPECT_THAT(Problems(), Contains(HasSubstr("candidate 4 of the replay is not stored")));
}

}  // namespace
}  // namespace strata::search

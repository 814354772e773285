// Whatever a disk does, and whenever: nothing acknowledged is lost, and the run goes on to the same
// archive.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "tests/search/simulation.h"
#include "tests/search/store/faulty_file_layer.h"
#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

using ::testing::HasSubstr;
using Fault = FaultyFileLayer::Fault;

struct Sitting {
  absl::Status status;
  std::set<std::string> acknowledged;  // digests
  std::string archive;                 // of a search that came to its end
};

class DurabilityTest : public ::testing::Test {
 protected:
  DurabilityTest() {
    options_.engine = SmallOptions(7, 8);
    options_.engine.finalists = 1;
    options_.profile_context = options_.search_context = "c";
    options_.select_context = "s";
    options_.verify_context = "v";
    options_.now_seconds = [] { return 0.0; };
  }

  absl::Status Run(RunStore* store, Sitting* sitting) {
    auto session = Session::Create(options_, SyntheticLayout(), store);
    if (!session.ok()) return session.status();
    std::vector<SessionItem> items;
    for (;;) {
      const auto action = (*session)->Next();
      if (!action.ok()) return action.status();
      if (const auto* item = std::get_if<SessionItem>(&*action)) {
        items.push_back(*item);
        if (items.size() < 2) continue;
      }
      if (std::holds_alternative<Done>(*action)) break;
      for (const SessionItem& item : items) {
        const absl::Status recorded = (*session)->Record(item, laboratory_.Do(item.item));
        if (!recorded.ok()) return recorded;
      }
      const absl::Status committed = (*session)->Commit();
      if (!committed.ok()) return committed;
      for (const SessionItem& item : items) sitting->acknowledged.insert(item.digest);
      items.clear();
    }
    sitting->archive = Describe((*session)->engine().candidates()) + Describe(*store->Candidates());
    return absl::OkStatus();
  }

  // Goes on with the run in the folder, or begins one.
  Sitting Sit(const std::string& folder, Fsync fsync = Fsync::kCommit) {
    const RunStoreOptions options = {.fsync = fsync, .file_layer = FaultyFileLayer::name()};
    std::filesystem::create_directories(folder);  // making it would sync it
    Sitting sitting;
    auto store = RunStore::Open(folder, options);
    if (absl::IsNotFound(store.status())) store = RunStore::Create(folder, options);
    sitting.status = store.ok() ? Run(store->get(), &sitting) : store.status();
    return sitting;
  }

  // At every operation of a whole run: what follows a fault.
  void StrikeEverywhere(Fault fault, Fsync fsync, bool keeps_acknowledged) {
    // In memory where that is possible: thousands of small files are written.
    const std::string memory = "/dev/shm/";
    const bool has_memory = access(memory.c_str(), W_OK) == 0;
    const TemporaryFolder temporary(has_memory ? std::filesystem::path(memory)
                                               : std::filesystem::temp_directory_path());
    FaultyFileLayer::Plan(Fault::kNone, 0);
    const Sitting whole = Sit(temporary / "whole", fsync);
    ASSERT_TRUE(whole.status.ok()) << whole.status;
    const int64_t operations = FaultyFileLayer::operations();
    ASSERT_GT(operations, 50);
    int failures = 0;
    for (int64_t at = 0; at < operations; ++at) {
      SCOPED_TRACE(fmt::format("operation {} of {}", at, operations));
      const std::string folder = temporary / fmt::format("{}", at);
      FaultyFileLayer::Plan(fault, at);
      const Sitting struck = Sit(folder, fsync);
      ASSERT_TRUE(FaultyFileLayer::struck());
      // A fault while the log is taken into the database stops nobody: the log stays.
      if (!struck.status.ok()) {
        ++failures;
        EXPECT_EQ(struck.status.code(), absl::StatusCode::kResourceExhausted) << struck.status;
        EXPECT_THAT(std::string(struck.status.message()), HasSubstr(folder));
      }
      FaultyFileLayer::Settle();
      if (keeps_acknowledged && !struck.acknowledged.empty()) {
        auto store = RunStore::OpenForReading(folder);
        ASSERT_TRUE(store.ok()) << store.status();
        for (const std::string& digest : struck.acknowledged) {
          const auto found = (*store)->FindOutcome(digest);
          ASSERT_TRUE(found.ok()) << found.status();
          EXPECT_TRUE(found->has_value()) << digest;
        }
      }
      const Sitting resumed = Sit(folder, fsync);
      ASSERT_TRUE(resumed.status.ok()) << resumed.status;
      ASSERT_EQ(resumed.archive, whole.archive);
      std::filesystem::remove_all(folder);
    }
    EXPECT_GT(failures, 20);
  }

  SessionOptions options_;
  Laboratory laboratory_;
};

TEST_F(DurabilityTest, FullDisk) { StrikeEverywhere(Fault::kDiskFull, Fsync::kCommit, true); }

TEST_F(DurabilityTest, FailingOrReadOnlyDisk) {
  StrikeEverywhere(Fault::kIoError, Fsync::kCommit, true);
}

TEST_F(DurabilityTest, Killed) { StrikeEverywhere(Fault::kKilled, Fsync::kCheckpoint, true); }

TEST_F(DurabilityTest, PowerLoss) { StrikeEverywhere(Fault::kPowerLoss, Fsync::kCommit, true); }

TEST_F(DurabilityTest, PowerLossWithWritesOutOfOrder) {
  StrikeEverywhere(Fault::kPowerLossB, Fsync::kCommit, true);
}

TEST_F(DurabilityTest, PowerLossBetweenCheckpointsUndoesButDoesNotDamage) {
  StrikeEverywhere(Fault::kPowerLossB, Fsync::kCheckpoint, false);
}

}  // namespace
}  // namespace strata::search

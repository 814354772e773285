#include "evaluator/banks/bank_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "tests/evaluator/banks/bank_test_support.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// The file that an uninterrupted build gives.
std::string WholeFile() {
  const TemporaryFolder folder;
  BuildSmall(folder / "a.bank");
  return ReadFile(folder / "a.bank");
}

TEST(BankWriterTest, APlanIsTheSizeOfTheFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "deeper/still/a.bank";
  const auto plan = PlanBank(path, SmallLayout());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->entries, 4);
  EXPECT_EQ(plan->bytes, static_cast<int64_t>(WholeFile().size()));
  EXPECT_EQ(plan->bytes_present, 0);
  EXPECT_GT(plan->bytes_free, 0);
  EXPECT_FALSE(plan->finished);
  BuildSmall(path);
  EXPECT_TRUE(PlanBank(path, SmallLayout())->finished);
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

// Wherever a build stops, also in the middle of an entry, it goes on to the same file.
TEST(BankWriterTest, AResumedBuildGivesTheSameFileWhereverItWasInterrupted) {
  const std::string whole = WholeFile();
  const BankLayout layout = SmallLayout();
  for (size_t size = 0; size <= whole.size(); ++size) {
    const TemporaryFolder folder;
    const std::string path = folder / "a.bank";
    WriteFile(path + ".partial", whole.substr(0, size));
    int kept = 0;
    while (kept < 4 && size >= static_cast<size_t>(layout.end(kept))) ++kept;
    {
      auto writer = BankWriter::Open(path, layout);
      ASSERT_TRUE(writer.ok()) << writer.status();
      ASSERT_EQ(writer->next(), kept) << size;
      ASSERT_TRUE(AppendAll(*writer).ok());
      ASSERT_TRUE(writer->Finish().ok());
    }
    ASSERT_EQ(ReadFile(path), whole) << size;
  }
}

TEST(BankWriterTest, ADamagedEntryOfAnInterruptedBuildIsMadeAgain) {
  const std::string whole = WholeFile();
  const BankLayout layout = SmallLayout();
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  std::string damaged = whole.substr(0, layout.end(3));
  damaged[layout.offset(2) + 3] ^= 1;
  WriteFile(path + ".partial", damaged);
  auto writer = BankWriter::Open(path, layout);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(writer->next(), 2);
  ASSERT_TRUE(AppendAll(*writer).ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(ReadFile(path), whole);
}

// A process that is killed has no time to tidy up.
TEST(BankWriterTest, AKilledProcessLosesNoFinishedEntryAndNoLock) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  const pid_t child = fork();
  if (child == 0) {
    auto writer = BankWriter::Open(path, SmallLayout());
    if (!writer.ok() || !AppendNext(*writer).ok() || !AppendNext(*writer).ok()) _exit(1);
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(BankFile::Open(path).status().code(), absl::StatusCode::kNotFound);
  auto writer = BankWriter::Open(path, SmallLayout());
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(writer->next(), 2);
  ASSERT_TRUE(AppendAll(*writer).ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(ReadFile(path), WholeFile());
}

TEST(BankWriterTest, ABuildOfSomethingElseIsNotGoneOnWith) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  { ASSERT_TRUE(BankWriter::Open(path, SmallLayout("other")).ok()); }
  const absl::Status status = BankWriter::Open(path, SmallLayout()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("model: expected a, found other"));
  EXPECT_THAT(Message(status), HasSubstr(path + ".partial"));
}

TEST(BankWriterTest, TooLittleDiskSpaceIsSaidBeforeAnythingIsWritten) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  const int64_t bytes = SmallLayout().file_bytes();
  const absl::Status status = BankWriter::Open(path, SmallLayout(), bytes - 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Message(status), HasSubstr("expected " + std::to_string(bytes)));
  EXPECT_THAT(Message(status), HasSubstr("found " + std::to_string(bytes - 1)));
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
  {
    auto writer = BankWriter::Open(path, SmallLayout(), bytes);
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE(AppendNext(*writer).ok());
  }
  // What stands needs no space any more.
  const int64_t present = SmallLayout().end(0);
  EXPECT_TRUE(BankWriter::Open(path, SmallLayout(), bytes - present).ok());
  EXPECT_EQ(BankWriter::Open(path, SmallLayout(), bytes - present - 1).status().code(),
            absl::StatusCode::kResourceExhausted);
}

// The limit on the size of files stands for a disk that fills up.
TEST(BankWriterTest, AFullDiskIsSaidAndTheBuildGoesOnAfterwards) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const auto limit = static_cast<rlim_t>(SmallLayout().end(2) - 10);
    const rlimit limits = {limit, limit};
    if (setrlimit(RLIMIT_FSIZE, &limits) != 0) _exit(1);
    auto writer = BankWriter::Open(path, SmallLayout());
    if (!writer.ok()) _exit(2);
    const absl::Status status = AppendAll(*writer);
    _exit(absl::IsResourceExhausted(status) && writer->next() == 2 ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << WEXITSTATUS(status);
  BuildSmall(path);
  EXPECT_EQ(ReadFile(path), WholeFile());
}

TEST(BankWriterTest, EntriesOfAnotherSizeOrTooManyAreRefused) {
  const TemporaryFolder folder;
  auto writer = BankWriter::Open(folder / "a.bank", SmallLayout());
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_FALSE(writer->Append(std::as_bytes(std::span("short"))).ok());
  EXPECT_FALSE(writer->Finish().ok());
  ASSERT_TRUE(AppendAll(*writer).ok());
  EXPECT_FALSE(writer->Append({}).ok());
  EXPECT_TRUE(writer->Finish().ok());
}

TEST(BankWriterTest, OneBuildsAndTheOthersWait) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  std::atomic<int> builds = 0;
  std::atomic<int> waiting = 0;
  std::vector<std::thread> threads;
  std::atomic<int> opened = 0;
  constexpr int kThreads = 4;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      std::atomic<bool> waits = false;
      const auto file = OpenOrBuildBank(
          path, SmallLayout(),
          [&](BankWriter& writer) {
            ++builds;
            // Not done before all others found the file locked.
            while (waiting < kThreads - 1) std::this_thread::yield();
            return AppendAll(writer);
          },
          [&](double) {
            if (!waits.exchange(true)) ++waiting;
            return true;
          });
      opened += file.ok() && file->Entry(0).ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(builds, 1);
  EXPECT_EQ(opened, kThreads);
}

TEST(BankWriterTest, WaitingEndsWhenAsked) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  const auto builder = BankWriter::Open(path, SmallLayout());
  ASSERT_TRUE(builder.ok()) << builder.status();
  EXPECT_EQ(BankWriter::Open(path, SmallLayout()).status().code(), absl::StatusCode::kAborted);
  const auto file = OpenOrBuildBank(path, SmallLayout(), AppendAll, [](double) { return false; });
  EXPECT_EQ(file.status().code(), absl::StatusCode::kCancelled);
}

TEST(BankWriterTest, AFailedBuildLeavesWhatWasFinished) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  const auto file = OpenOrBuildBank(
      path, SmallLayout(),
      [](BankWriter& writer) {
        absl::Status status = AppendNext(writer);
        return status.ok() ? absl::CancelledError("enough") : status;
      },
      nullptr);
  EXPECT_EQ(file.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(BankWriter::Open(path, SmallLayout())->next(), 1);
  BuildSmall(path);
  EXPECT_EQ(ReadFile(path), WholeFile());
}

TEST(BankWriterTest, AStandingFileOfAnotherKeyIsRefused) {
  const TemporaryFolder folder;
  BuildSmall(folder / "a.bank", SmallLayout("other"));
  const auto file = OpenOrBuildBank(folder / "a.bank", SmallLayout(), AppendAll, nullptr);
  EXPECT_EQ(file.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(BankWriter::Open(folder / "a.bank", SmallLayout()).status().code(),
            absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace strata::evaluator

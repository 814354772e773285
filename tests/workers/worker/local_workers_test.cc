#include "workers/worker/local_workers.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/support/temporary_folder.h"
#include "tests/workers/small_search.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

class LocalWorkersTest : public testing::Test {
 protected:
  LocalWorkersOptions ShellOptions(int count, const std::string& script) {
    LocalWorkersOptions options;
    options.count = count;
    options.command = {"sh", "-c", script, "{index}"};
    options.log_folder = folder_ / ".";
    // Every look at the clock takes a minute, so that no pause before a restart lasts.
    options.now_seconds = [this] { return now_ += 60; };
    return options;
  }

  std::string LogOf(int index) {
    std::ifstream file(folder_ / (fmt::format("worker-{}.log", index)));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder folder_;
  double now_ = 0;
};

TEST_F(LocalWorkersTest, LogsAndDoesNotRestartThoseThatLeave) {
  auto workers =
      LocalWorkers::Start(ShellOptions(2, "echo out $0; echo err $0 >&2; exit 0")).value();
  while (!workers->process_ids().empty()) ASSERT_TRUE(workers->Check().ok());
  EXPECT_EQ(LogOf(0), "out 0\nerr 0\n");
  EXPECT_EQ(LogOf(1), "out 1\nerr 1\n");
  EXPECT_TRUE(workers->Check().ok());
  EXPECT_TRUE(workers->process_ids().empty());
}

TEST_F(LocalWorkersTest, ALaterSearchAppendsToTheLogs) {
  for (const char* words : {"echo first", "echo second"}) {
    auto workers = LocalWorkers::Start(ShellOptions(1, words)).value();
    while (!workers->process_ids().empty()) ASSERT_TRUE(workers->Check().ok());
  }
  EXPECT_EQ(LogOf(0), "first\nsecond\n");
}

TEST_F(LocalWorkersTest, OnlyTheLastArgumentIsNumbered) {
  LocalWorkersOptions options = ShellOptions(1, "echo $0 $1");
  options.command = {"sh", "-c", "echo $0 $1", "/models/{index}/a", "local-{index}"};
  auto workers = LocalWorkers::Start(options).value();
  while (!workers->process_ids().empty()) ASSERT_TRUE(workers->Check().ok());
  EXPECT_EQ(LogOf(0), "/models/{index}/a local-0\n");
}

TEST_F(LocalWorkersTest, RestartsAFewTimesThenSaysWhy) {
  LocalWorkersOptions options = ShellOptions(1, "echo attempt; echo the reason; exit 3");
  options.maximum_restarts = 2;
  auto workers = LocalWorkers::Start(options).value();
  absl::Status status;
  while (status.ok()) status = workers->Check();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("worker 0 ended with exit status 3"));
  EXPECT_THAT(message, HasSubstr("worker-0.log: the reason"));
  EXPECT_EQ(LogOf(0), "attempt\nthe reason\nattempt\nthe reason\nattempt\nthe reason\n");
}

TEST_F(LocalWorkersTest, RestartsAreCountedWithinAnHour) {
  LocalWorkersOptions options = ShellOptions(1, "exit 1");
  options.maximum_restarts = 2;
  options.now_seconds = [this] { return now_; };
  auto workers = LocalWorkers::Start(options).value();
  for (int death = 0; death < 8; ++death) {  // three an hour, the third just after the first is old
    while (!workers->process_ids().empty()) ASSERT_TRUE(workers->Check().ok()) << death;
    now_ += 1801;
    ASSERT_TRUE(workers->Check().ok()) << death;
    ASSERT_EQ(workers->process_ids().size(), 1u) << death;
  }
}

TEST_F(LocalWorkersTest, AKilledWorkerIsRestarted) {
  auto workers = LocalWorkers::Start(ShellOptions(2, "exec sleep 1000")).value();
  const std::vector<int> before = workers->process_ids();
  ASSERT_EQ(before.size(), 2u);
  kill(before[1], SIGKILL);
  while (workers->process_ids() == before || workers->process_ids().size() < 2) {
    ASSERT_TRUE(workers->Check().ok());
  }
  EXPECT_EQ(workers->process_ids()[0], before[0]);
  EXPECT_NE(workers->process_ids()[1], before[1]);
  EXPECT_NE(getsid(before[0]), getsid(0));  // Ctrl-C does not reach it
}

TEST_F(LocalWorkersTest, RestartsWait) {
  LocalWorkersOptions options = ShellOptions(1, "exit 1");
  options.now_seconds = [this] { return now_; };
  auto workers = LocalWorkers::Start(options).value();
  while (!workers->process_ids().empty()) ASSERT_TRUE(workers->Check().ok());
  now_ += 0.19;
  EXPECT_TRUE(workers->Check().ok());
  EXPECT_TRUE(workers->process_ids().empty());
  now_ += 0.02;
  EXPECT_TRUE(workers->Check().ok());
  EXPECT_EQ(workers->process_ids().size(), 1u);
}

TEST_F(LocalWorkersTest, WhatRunsIsEndedWithItsChildren) {
  auto workers = LocalWorkers::Start(ShellOptions(1, "sleep 1000 & echo $!; wait")).value();
  const int shell = workers->process_ids()[0];
  while (LogOf(0).find('\n') == std::string::npos) std::this_thread::yield();
  const int child = std::stoi(LogOf(0));
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // so that the child can be waited for
  workers.reset();
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  EXPECT_EQ(kill(shell, 0), -1);
}

TEST_F(LocalWorkersTest, ErrorsAtTheStart) {
  LocalWorkersOptions options = ShellOptions(1, "");
  options.command = {"/no/such/program"};
  absl::Status status = LocalWorkers::Start(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/no/such/program: No such file"));
  options = ShellOptions(1, "exit 0");
  options.log_folder = folder_ / "none";
  status = LocalWorkers::Start(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("none/worker-0.log"));
  EXPECT_EQ(LocalWorkers::Start(ShellOptions(0, "")).status().code(),
            absl::StatusCode::kInvalidArgument);
  options.command.clear();
  EXPECT_EQ(LocalWorkers::Start(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LocalWorkersTest, WorkersDieWithTheirCoordinator) {
  int ids[2];
  ASSERT_EQ(pipe(ids), 0);
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // so that the orphan can be waited for
  const pid_t coordinator = fork();
  if (coordinator == 0) {
    auto workers = LocalWorkers::Start(ShellOptions(1, "exec sleep 1000"));
    const int id = workers.ok() ? (*workers)->process_ids()[0] : -1;
    if (write(ids[1], &id, sizeof(id)) != sizeof(id)) _exit(1);
    while (true) pause();
  }
  int worker = -1;
  ASSERT_EQ(read(ids[0], &worker, sizeof(worker)), static_cast<ssize_t>(sizeof(worker)));
  ASSERT_GT(worker, 0);
  kill(coordinator, SIGKILL);
  int status = 0;
  EXPECT_EQ(waitpid(coordinator, &status, 0), coordinator);
  EXPECT_EQ(waitpid(worker, &status, 0), worker);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  close(ids[0]);
  close(ids[1]);
}

TEST_F(LocalWorkersTest, ASearchWithLocalWorkers) {
  const std::string address = "unix:" + (folder_ / "s");
  SmallSearch small = OpenSmallSearch(folder_ / "run").value();
  auto coordinator =
      Coordinator::Start(SmallCoordinatorOptions(address), small.session.get()).value();
  LocalWorkersOptions options;
  options.command = {SYNTHETIC_WORKER, address};
  options.log_folder = folder_ / ".";
  auto workers = LocalWorkers::Start(options).value();
  absl::Status health;
  const absl::Status status = coordinator->Run([&](const CoordinatorStatus&) {
    health.Update(workers->Check());
    return !health.ok();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(health.ok()) << health;
  EXPECT_EQ(DescribeArchive(small.session->engine()), ExpectedArchive(folder_ / "expected"));
}

}  // namespace
}  // namespace strata::workers

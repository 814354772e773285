// Processes that are killed: a worker in the middle of a work item, a coordinator in the middle of
// a run.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/support/temporary_folder.h"
#include "tests/workers/small_search.h"

namespace strata::workers {
namespace {

pid_t Spawn(std::vector<std::string> command) {
  std::vector<char*> arguments;
  for (std::string& text : command) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  const pid_t process = fork();
  if (process == 0) {
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  return process;
}

// The signal that ended it as a negative number, else its exit status.
int WaitFor(pid_t process) {
  int status = 0;
  if (waitpid(process, &status, 0) != process) return 1000;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ProcessTest, AWorkerKilledInMidWorkItemChangesNothing) {
  TemporaryFolder folder;
  const std::string address = "unix:" + (folder / "s");
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  SmallSearch small = OpenSmallSearch(folder / "run").value();
  auto coordinator =
      Coordinator::Start(SmallCoordinatorOptions(address), small.session.get()).value();
  int first_end = 0;
  int second_end = 0;
  std::thread killer([&] {
    const pid_t first = Spawn({SYNTHETIC_WORKER, address, "4", fifo});
    const int descriptor = open(fifo.c_str(), O_RDONLY);
    char byte = 0;
    EXPECT_EQ(read(descriptor, &byte, 1), 1);
    close(descriptor);
    kill(first, SIGKILL);
    first_end = WaitFor(first);
    second_end = WaitFor(Spawn({SYNTHETIC_WORKER, address}));
  });
  CoordinatorStatus last;
  const absl::Status status = coordinator->Run([&last](const CoordinatorStatus& now) {
    last = now;
    return false;
  });
  killer.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(first_end, -SIGKILL);
  EXPECT_EQ(second_end, 0);
  EXPECT_EQ(last.reissued_items, 1);
  EXPECT_EQ(DescribeArchive(small.session->engine()), ExpectedArchive(folder / "expected"));
}

// The workers outlive their coordinators, lose them in mid-work item and find the next one.
TEST(ProcessTest, ACoordinatorKilledAndResumedComesToTheSameArchive) {
  TemporaryFolder folder;
  const std::string address = "unix:" + (folder / "s");
  const std::string run = folder / "run";
  const std::string archive = folder / "archive";
  const pid_t first_worker = Spawn({SYNTHETIC_WORKER, address});
  const pid_t second_worker = Spawn({SYNTHETIC_WORKER, address});
  for (const char* die_at : {"6", "11", "20"}) {
    EXPECT_EQ(WaitFor(Spawn({SYNTHETIC_COORDINATOR, run, address, archive, die_at})), -SIGKILL);
  }
  EXPECT_EQ(WaitFor(Spawn({SYNTHETIC_COORDINATOR, run, address, archive})), 0);
  // One of them may be pausing between attempts to connect while the other finishes the run.
  for (const pid_t worker : {first_worker, second_worker}) {
    kill(worker, SIGKILL);
    WaitFor(worker);
  }
  EXPECT_EQ(ReadFile(archive), ExpectedArchive(folder / "expected"));
}

}  // namespace
}  // namespace strata::workers

#include "cli/run/run_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/config/run_config.h"
#include "cli/report/run_report.h"
#include "cli/run/continue_command.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RunStatusTest : public ::testing::Test {
 protected:
  RunStatusTest() {
    const auto store = Open();
    EXPECT_TRUE(store->PutProperty(search::kConfigProperty, RunConfigToYaml(RunConfig())).ok());
    EXPECT_TRUE(store->PutProperty(kBaselineSettingsProperty, "3").ok());
  }

  std::unique_ptr<search::RunStore> Open() {
    auto store = search::RunStore::Create(run_);
    if (absl::IsAlreadyExists(store.status())) store = search::RunStore::Open(run_);
    return *std::move(store);
  }

  void Log(const std::vector<std::string>& events) {
    const auto store = Open();
    for (const std::string& event : events) {
      ASSERT_TRUE(store->AppendEvent(1, event, "{}").ok());
    }
  }

  std::string State() { return ReadRunStatus(run_, 2).value()["state"]; }
  std::string Text() { return RunStatusText(ReadRunStatus(run_, 2).value(), 2); }

  const TemporaryFolder temporary_;
  const std::string run_ = temporary_ / "run";
};

TEST_F(RunStatusTest, ASearchThatWroteNoEndWasKilled) {
  // More events than are shown lie between the beginning and the end.
  Log({"run_started", "worker_joined", "phase_changed", "phase_changed", "worker_failed",
       "worker_failed", "worker_failed"});
  ASSERT_TRUE(StoreInvocation({}, Open().get()).ok());
  EXPECT_EQ(State(), "killed");
  EXPECT_THAT(Text(), AllOf(HasSubstr("killed: its process ended before the search did"),
                            HasSubstr("continue with: strata search --resume " + run_ + "\n")));
  EXPECT_EQ(ReadRunStatus(run_, 2).value()["last_events"].size(), 5u);
}

TEST_F(RunStatusTest, ASearchThatEndedEarlyWasStopped) {
  Log({"run_started", "finished"});
  EXPECT_EQ(State(), "stopped");
  EXPECT_THAT(Text(), HasSubstr("continue with: strata search --resume " + run_));
  Log({"run_started", "phase_changed"});
  EXPECT_EQ(State(), "killed") << "the second sitting";
}

TEST_F(RunStatusTest, ADoneRunIsNotContinued) {
  Log({"run_started", "finished"});
  ASSERT_TRUE(Open()->PutProperty(search::kEndReasonProperty, "evaluations").ok());
  EXPECT_EQ(State(), "done");
  EXPECT_THAT(Text(), Not(HasSubstr("continue with")));
}

TEST_F(RunStatusTest, ARunThatIsHeldIsRunning) {
  Log({"run_started"});
  const auto holder = Open();
  EXPECT_EQ(State(), "running");
  EXPECT_TRUE(ReadRunStatus(run_, 2).value()["continue"].is_null());
}

}  // namespace
}  // namespace strata::cli

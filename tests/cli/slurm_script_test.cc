#include "cli/slurm_script.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

SlurmJob SmallJob() {
  return {.name = "strata-worker",
          .log = "/shared/with blank/worker-%A_%a.log",
          .tasks = 8,
          .processors = 4,
          .partition = "gpu",
          .account = "project",
          .time = "4:00:00",
          .memory = "32G",
          .gres = "gpu:1",
          .drain_seconds = 90,
          .directives = {"--qos=long"},
          .command = {"/opt/strata", "worker", "--model", "a model.gguf"},
          .last_words = "--name \"$SLURM_JOB_ID\""};
}

TEST(SlurmScriptTest, HoldsWhatSbatchIsToKnow) {
  const auto script = SlurmScript(SmallJob());
  ASSERT_TRUE(script.ok()) << script.status();
  for (const char* line :
       {"#!/bin/bash\n", "#SBATCH --job-name=strata-worker\n",
        "#SBATCH --output=\"/shared/with blank/worker-%A_%a.log\"\n", "#SBATCH --requeue\n",
        "#SBATCH --signal=B:TERM@90\n", "#SBATCH --array=0-7\n", "#SBATCH --cpus-per-task=4\n",
        "#SBATCH --gres=gpu:1\n", "#SBATCH --partition=gpu\n", "#SBATCH --account=project\n",
        "#SBATCH --time=4:00:00\n", "#SBATCH --mem=32G\n", "#SBATCH --qos=long\n",
        "\n/opt/strata worker --model 'a model.gguf' --name \"$SLURM_JOB_ID\" &\n"}) {
    EXPECT_THAT(*script, HasSubstr(line));
  }
}

TEST(SlurmScriptTest, LeavesToTheClusterWhatIsNotSaid) {
  const auto script = SlurmScript({.name = "c", .log = "/l/c.log", .command = {"true"}});
  ASSERT_TRUE(script.ok()) << script.status();
  for (const char* option : {"--array", "--gres", "--partition", "--account", "--time", "--mem"}) {
    EXPECT_THAT(*script, Not(HasSubstr(option)));
  }
}

TEST(SlurmScriptTest, RefusesWhatADirectiveCannotHold) {
  SlurmJob job = SmallJob();
  job.log = "/with%percent/a.log";
  EXPECT_THAT(std::string(SlurmScript(job).status().message()), HasSubstr("a folder without %"));
  job = SmallJob();
  job.directives = {"qos=long"};
  EXPECT_THAT(std::string(SlurmScript(job).status().message()), HasSubstr("found 'qos=long'"));
  job = SmallJob();
  job.partition = "a\nrm -r /";
  EXPECT_EQ(SlurmScript(job).status().code(), absl::StatusCode::kInvalidArgument);
}

// Runs a script with stand-ins for Slurm's programs: what `squeue` prints is the job's state.
class SlurmScriptRunTest : public testing::Test {
 protected:
  SlurmScriptRunTest() {
    Write("scontrol", "#!/bin/sh\necho \"$@\" >>" + folder_ + "/scontrol.log\n");
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    std::filesystem::permissions(folder_ + "/" + name, std::filesystem::perms::owner_all);
  }
  std::string Read(const std::string& name) {
    std::stringstream text;
    text << std::ifstream(folder_ + "/" + name).rdbuf();
    return text.str();
  }

  // Exit code of the script; `signal`: once the command runs, the script is sent SIGTERM.
  int Run(const std::string& command, const std::string& state, bool signal,
          const std::string& environment = "SLURM_JOB_ID=7") {
    Write("squeue", "#!/bin/sh\necho " + state + "; echo \"$@\" >>" + folder_ + "/squeue.log\n");
    const auto script = SlurmScript(
        {.name = "c", .log = "/l/c.log", .command = {"bash", "-c", command, "x", folder_}});
    EXPECT_TRUE(script.ok()) << script.status();
    Write("script", *script);
    const std::string kill =
        "until [ -e " + folder_ + "/began ]; do sleep 0.01; done; kill -TERM $!; ";
    const std::string line =
        fmt::format("bash -c 'PATH={0}:$PATH {2} {0}/script >{0}/out 2>&1 & {1}wait $!'", folder_,
                    signal ? kill : "", environment);
    const int status = std::system(line.c_str());
    return WEXITSTATUS(status);
  }

  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

constexpr char kDrainsOnTerm[] =
    "trap \"echo drained; exit 3\" TERM; touch $1/began; while true; do sleep 0.01; done";

TEST_F(SlurmScriptRunTest, EndsAsItsCommandDoes) {
  EXPECT_EQ(Run("exit 5", "RUNNING", false), 5);
  EXPECT_EQ(Read("scontrol.log"), "");
}

TEST_F(SlurmScriptRunTest, AJobThatRunsIsQueuedAgainAfterItsCommandDrained) {
  EXPECT_EQ(Run(kDrainsOnTerm, "RUNNING", true), 3);
  EXPECT_THAT(Read("out"), HasSubstr("drained\n"));
  EXPECT_EQ(Read("scontrol.log"), "requeue 7\n");
}

// The number of one of an array's tasks is the array's own.
TEST_F(SlurmScriptRunTest, ATaskOfAnArrayAsksForItself) {
  EXPECT_EQ(Run(kDrainsOnTerm, "RUNNING", true,
                "SLURM_JOB_ID=7 SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=1"),
            3);
  EXPECT_THAT(Read("squeue.log"), HasSubstr("--jobs=7_1 "));
  EXPECT_EQ(Read("scontrol.log"), "requeue 7_1\n");
}

TEST_F(SlurmScriptRunTest, ACancelledJobDrainsAndStaysCancelled) {
  EXPECT_EQ(Run(kDrainsOnTerm, "COMPLETING", true), 3);
  EXPECT_THAT(Read("out"), HasSubstr("drained\n"));
  EXPECT_EQ(Read("scontrol.log"), "");
}

}  // namespace
}  // namespace strata::cli

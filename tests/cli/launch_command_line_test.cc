// `strata launch`, `status`, `stop` and `drain`, as a person runs them.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/cli/command_line_fixture.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using LaunchCommandLineTest = CommandLineTest;

mode_t ModeOf(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

TEST_F(LaunchCommandLineTest, WritesScriptsThatHoldEverythingButSecrets) {
  const Outcome launched =
      Run({"launch", "slurm", SmallConfig(), "--workers", "3", "--partition", "gpu", "--gres",
           "gpu:1", "--sbatch=--qos=long", "--coordinator-memory", "1G"});
  ASSERT_EQ(launched.exit_code, 0) << launched.error;
  const std::string folder = fs::path(folder_ + "/run.launch").lexically_normal();
  EXPECT_EQ(launched.out, fmt::format("coordinator=$(sbatch --parsable {0}/coordinator.sh)\n"
                                      "sbatch --dependency=after:$coordinator {0}/workers.sh\n",
                                      folder));
  EXPECT_FALSE(fs::exists(folder_ + "/run"));
  EXPECT_EQ(ModeOf(folder), 0700u);
  const std::string workers = ReadFile(folder + "/workers.sh");
  EXPECT_THAT(workers,
              AllOf(HasSubstr("--array=0-2"), HasSubstr("--gres=gpu:1"), HasSubstr("--qos=long"),
                    HasSubstr("--partition=gpu"), HasSubstr("file:" + folder + "/announcement"),
                    HasSubstr("--token-file " + folder + "/worker.token")));
  const std::string coordinator = ReadFile(folder + "/coordinator.sh");
  EXPECT_THAT(coordinator, AllOf(HasSubstr("--mem=1G"), HasSubstr("--resume-or-start"),
                                 Not(HasSubstr("gpu:1")), Not(HasSubstr("--qos"))));
  const std::string config = ReadFile(folder + "/search.yaml");
  EXPECT_THAT(config, AllOf(HasSubstr(folder + "/tokens"), HasSubstr("0.0.0.0:0")));
  for (const char* file : {"worker.token", "viewer.token", "operator.token"}) {
    std::string token = ReadFile(folder + "/" + file);
    token.pop_back();
    EXPECT_EQ(ModeOf(folder + "/" + file), 0600u);
    for (const std::string& text : {workers, coordinator, config, launched.out, launched.error}) {
      EXPECT_THAT(text, Not(HasSubstr(token)));
    }
  }
  // The configuration is one.
  EXPECT_EQ(Run({"config", folder + "/search.yaml"}).exit_code, 0);

  const std::string key = ReadFile(folder + "/coordinator.key");
  const Outcome again = Run({"launch", "slurm", SmallConfig(), "--workers", "5", "--here"});
  ASSERT_EQ(again.exit_code, 0) << again.error;
  EXPECT_THAT(again.out, HasSubstr("strata search " + folder + "/search.yaml --resume-or-start"));
  EXPECT_THAT(ReadFile(folder + "/workers.sh"), HasSubstr("--array=0-4"));
  EXPECT_EQ(ReadFile(folder + "/coordinator.key"), key);
}

TEST_F(LaunchCommandLineTest, RefusesWhatCannotWorkAndWritesNothing) {
  const auto launch = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"launch", "slurm", SmallConfig()});
    return Run(arguments);
  };
  EXPECT_REFUSED(launch({"--folder", folder_ + "/run/keys"}), HasSubstr("outside the run's"));
  EXPECT_REFUSED(launch({"--set", "workers.token_file=mine"}),
                 HasSubstr("expected nothing, as a launch makes its own"));
  EXPECT_REFUSED(launch({"--set", "text=/nowhere"}), HasSubstr("text: expected a file or folder"));
  EXPECT_REFUSED(launch({"--set", "target_sparsity=2"}), HasSubstr("target_sparsity"));
  EXPECT_REFUSED(launch({"--sbatch=qos=long"}), HasSubstr("found 'qos=long'"));
  EXPECT_REFUSED(launch({"--workers", "0"}), HasSubstr("--workers"));
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_THAT(entry.path().filename().string(), testing::AnyOf("small.yaml", "out", "error"));
  }
}

TEST_F(LaunchCommandLineTest, CredentialsAreMadeOnceAndFitTheCoordinator) {
  const std::string folder = folder_ + "/keys";
  ASSERT_EQ(Run({"launch", "credentials", folder}).exit_code, 0);
  const std::string tokens = ReadFile(folder + "/tokens");
  ASSERT_EQ(Run({"launch", "credentials", folder}).exit_code, 0);
  EXPECT_EQ(ReadFile(folder + "/tokens"), tokens);
  fs::permissions(folder, fs::perms::owner_all | fs::perms::group_exec);
  EXPECT_REFUSED(Run({"launch", "credentials", folder}), HasSubstr("mode 700"));
}

TEST_F(LaunchCommandLineTest, AskingACoordinatorThatIsNotThereSaysSo) {
  EXPECT_REFUSED(Run({"status", "--coordinator", "unix:" + folder_ + "/none.sock"}),
                 HasSubstr("none.sock"));
  EXPECT_REFUSED(Run({"stop", "file:" + folder_ + "/none"}),
                 HasSubstr("no coordinator has announced itself"));
  EXPECT_REFUSED(Run({"drain", "other.example:7070", "worker"}), HasSubstr("only with TLS"));
  Write("announcement", "run /runs/a\naddress node:1\nstate over\n");
  EXPECT_REFUSED(Run({"status", "--coordinator", "file:" + folder_ + "/announcement"}),
                 HasSubstr("/runs/a: the search is over"));
  // A worker that comes too late has nothing to do, and needs no model for that.
  const Outcome late = Run({"worker", "--coordinator", "file:" + folder_ + "/announcement",
                            "--model", "none", "--text", "none"});
  EXPECT_EQ(late.exit_code, 0) << late.error;
  EXPECT_THAT(late.error, HasSubstr("the search is over"));
}

// The run was killed before anything was stored: it is begun; then it is done: it stays as it is.
TEST_F(LaunchCommandLineTest, ResumeOrStartDoesWhatIsLeft) {
  fs::create_directories(folder_ + "/run");
  Write("run/strata.sqlite", "");
  const Outcome first = Run({"search", SmallConfig(), "--resume-or-start", "--format", "json",
                             "--set", "workers.count=1", "--set", "search.maximum_evaluations=2"});
  ASSERT_EQ(first.exit_code, 0) << first.error;
  const Outcome second = Run({"search", SmallConfig(), "--resume-or-start", "--format", "json",
                              "--set", "workers.count=1", "--set", "search.maximum_evaluations=2"});
  ASSERT_EQ(second.exit_code, 0) << second.error;
  EXPECT_EQ(first.out, second.out);
}

}  // namespace
}  // namespace strata::cli

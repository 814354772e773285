// Runs the program as a user would, in a folder of its own.
#ifndef STRATA_TESTS_CLI_COMMAND_LINE_FIXTURE_H_
#define STRATA_TESTS_CLI_COMMAND_LINE_FIXTURE_H_

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

extern char** environ;

namespace strata::cli {

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string error;
};

inline std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    const char* cache = std::getenv("STRATA_CACHE");
    const std::string folder = cache != nullptr ? cache : STRATA_SOURCE_DIR "/.cache";
    model_ = folder + "/models/SmolLM2-135M-Instruct.Q4_1.gguf";
    text_ = folder + "/texts/sotu";
  }

  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(model_) && std::filesystem::exists(text_))
        << "the default model and text are missing: run scripts/fetch_defaults.sh";
  }

  pid_t Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), STRATA_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, Out().c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_addopen(&actions, 2, Error().c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    pid_t process = -1;
    EXPECT_EQ(posix_spawn(&process, STRATA_PROGRAM, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return process;
  }

  Outcome Wait(pid_t process) {
    int status = 0;
    waitpid(process, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), ReadFile(Out()),
            ReadFile(Error())};
  }

  Outcome Run(const std::vector<std::string>& arguments) { return Wait(Start(arguments)); }

  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
    return folder_ + "/" + name;
  }

  // Writes the configuration of a search that takes only seconds. Returns its path.
  std::string SmallConfig() {
    return Write("small.yaml",
                 fmt::format("model: {}\ntext: {}\nrun: {}/run\n"
                             "calibration: {{sequences: 2, sequence_tokens: 32}}\n"
                             "fitness: {{windows: 1, window_tokens: 32, arithmetic: fp32}}\n"
                             "selection: {{windows: 1}}\n"
                             "report: {{windows: 1, window_tokens: 32}}\n"
                             "search: {{minutes: 0, maximum_evaluations: 9, finalists: 1,\n"
                             "  baselines: [uniform, owl, als, arithmetic-progression, dsa-absvar, "
                             "dsa-logvar]}}\n",
                             model_, text_, folder_));
  }

  // Returns the number of evaluations of a run, which may still be going on; 0 while nothing can be
  // read.
  static int StoredEvaluations(const std::string& run) {
    FILE* pipe = popen(
        fmt::format("{} pareto {} --format json 2>/dev/null", STRATA_PROGRAM, run).c_str(), "r");
    if (pipe == nullptr) return 0;
    std::string text;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
      text.push_back(static_cast<char>(c));
    pclose(pipe);
    const auto report = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    return report.is_object() ? report.value("evaluations", 0) : 0;
  }

  std::string Out() const { return folder_ + "/out"; }
  std::string Error() const { return folder_ + "/error"; }

  const TemporaryFolder temporary_;
  std::string model_, text_, folder_ = temporary_.path();
};

// Expects a refusal of bad input: exit code 2, one message that matches, nothing on standard
// output.
#define EXPECT_REFUSED(outcome, matcher)   \
  do {                                     \
    const Outcome refused = (outcome);     \
    EXPECT_EQ(refused.exit_code, 2);       \
    EXPECT_THAT(refused.error, (matcher)); \
    EXPECT_EQ(refused.out, "");            \
  } while (false)

}  // namespace strata::cli

#endif  // STRATA_TESTS_CLI_COMMAND_LINE_FIXTURE_H_

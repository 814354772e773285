// The `strata` command: parses the command line, runs one verb, turns its status into an exit code.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/shared/command.h"
#include "cli/shared/verb_path.h"

namespace {

// Returns the first word that looks like an option and that no verb took; empty if there is none.
std::string OptionLeftOver(const CLI::App& app) {
  for (const std::string& word : app.remaining(/*recurse=*/true)) {
    if (word.starts_with("--") && word.size() > 2) return word;
  }
  return "";
}

// Parses the command line, which sets the command. Returns nullopt, or the exit code if there is
// nothing to run.
std::optional<int> Parse(int argc, char** argv, CLI::App* app) {
  const auto path = strata::cli::FindVerb(app, std::vector<std::string>(argv + 1, argv + argc));
  if (!path.ok()) {
    fmt::print(stderr, "strata: {}\n", std::string(path.status().message()));
    return 2;
  }
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Whatever else is missing, a mistyped option is the likely reason.
    const std::string left_over = OptionLeftOver(*app);
    if (error.get_exit_code() == 0 || left_over.empty()) return app->exit(error) == 0 ? 0 : 2;
    fmt::print(stderr, "strata: {}\n", strata::cli::UnknownOption(*path, left_over));
    return 2;
  }
  return std::nullopt;
}

int Run(int argc, char** argv) {
  CLI::App app;
  strata::cli::Command command;
  strata::cli::AddCommands(&app, &command);
  if (const std::optional<int> exit_code = Parse(argc, argv, &app)) return *exit_code;
  const absl::Status status = command();
  if (!status.ok()) {
    fmt::print(stderr, "strata: {}\n", std::string(status.message()));
  }
  // A full disk behind a redirection only shows when the output is flushed.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    fmt::print(stderr, "strata: standard output could not be written: {}\n", std::strerror(errno));
    return 2;
  }
  return strata::cli::ExitCode(status);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    // Results go to standard output, everything else to standard error.
    spdlog::set_default_logger(spdlog::stderr_color_mt("strata"));
    return Run(argc, argv);
  } catch (const std::system_error& error) {
    // {fmt} throws if a write fails before the last flush.
    fmt::print(stderr, "strata: standard output could not be written: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "strata: internal error: {}\n", error.what());
    return 1;
  }
}

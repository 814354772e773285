// The `strata` command: parses the command line, runs one verb, turns its status into an exit code.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/program.h"
#include "cli/shared/command.h"

namespace {

int Run(int argc, char** argv) {
  CLI::App app;
  strata::cli::Command command;
  strata::cli::AddCommands(&app, &command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
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

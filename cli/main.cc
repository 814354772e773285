// The `strata` command: parses the command line, runs one verb, turns its status into an exit code.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/shared/command.h"

namespace {

int Run(int argc, char** argv) {
  CLI::App app{
      "Strata finds how much of each layer of a language model can be removed.\n"
      "A search evolves functions from layer statistics to layer sparsities; workers prune and "
      "measure."};
  app.name("strata");
  app.require_subcommand(1);
  app.set_version_flag("--version", STRATA_VERSION);

  strata::cli::Command command;
  strata::cli::AddSearchCommand(&app, &command);
  strata::cli::AddStatusCommand(&app, &command);
  strata::cli::AddFsckCommand(&app, &command);
  strata::cli::AddBackupCommand(&app, &command);
  strata::cli::AddParetoCommand(&app, &command);
  strata::cli::AddExportCommand(&app, &command);
  strata::cli::AddLevelsCommand(&app, &command);
  strata::cli::AddFunctionsCommand(&app, &command);
  strata::cli::AddExplainCommand(&app, &command);
  strata::cli::AddAllocateCommand(&app, &command);
  strata::cli::AddEvalCommand(&app, &command);
  strata::cli::AddTransferCommand(&app, &command);
  strata::cli::AddPruneCommand(&app, &command);
  strata::cli::AddBenchInferenceCommand(&app, &command);
  strata::cli::AddFetchCommand(&app, &command);
  strata::cli::AddTokenizeCommand(&app, &command);
  strata::cli::AddConfigCommand(&app, &command);
  strata::cli::AddDoctorCommand(&app, &command);
  strata::cli::AddWorkerCommand(&app, &command);
  strata::cli::AddLaunchCommand(&app, &command);
  strata::cli::AddStopCommand(&app, &command);
  strata::cli::AddDrainCommand(&app, &command);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::Status status = command();
  if (!status.ok()) {
    fmt::print(stderr, "strata: {}\n", std::string(status.message()));
  }
  // A full disk behind a redirection shows only when the output is flushed.
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
    // {fmt} throws where a write fails before the last flush.
    fmt::print(stderr, "strata: standard output could not be written: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "strata: internal error: {}\n", error.what());
    return 1;
  }
}

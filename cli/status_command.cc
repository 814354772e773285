// `strata status`: shows how a search stands, or how it ended.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <thread>
#include <vector>

#include "cli/control_options.h"
#include "cli/report/run_report.h"
#include "cli/run/run_status.h"
#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "cli/shared/work_progress.h"
#include "evaluator/clock.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

constexpr std::chrono::milliseconds kWatchInterval(2000);
constexpr std::chrono::milliseconds kPoll(100);

struct Options {
  std::string run;
  ControlCommandOptions control;
  bool watch = false;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

absl::Status PrintStatus(const Options& options) {
  if (options.watch) WatchForInterrupt();
  for (;;) {
    const double now = evaluator::UnixSeconds();
    STRATA_ASSIGN_OR_RETURN(const auto status, ReadRunStatus(options.run, now));
    const bool is_terminal = options.watch && isatty(STDOUT_FILENO) == 1;
    if (is_terminal) fmt::print("\x1b[H\x1b[2J");
    if (options.format == OutputFormat::kJson) {
      PrintJson(status);
    } else {
      fmt::print("{}", RunStatusText(status, now, OutputPage(options.wide)));
    }
    std::fflush(stdout);
    if (!options.watch || status["state"] != "running") return absl::OkStatus();
    for (auto waited = kPoll * 0; waited < kWatchInterval; waited += kPoll) {
      if (InterruptRequested()) return absl::OkStatus();
      std::this_thread::sleep_for(kPoll);
    }
  }
}

}  // namespace

void AddStatusCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand("status", "Shows the state of a search, or how it ended.");
  CLI::Option* run = verb->add_option("run", options->run, "Folder of the run.");
  verb->add_option("--coordinator", options->control.control.address,
                   std::string(kCoordinatorAddress) + " It replaces the folder.")
      ->excludes(run);
  AddControlOptions(verb, &options->control);
  verb->add_flag("--watch", options->watch,
                 "Print the status again every two seconds until the search ends.")
      ->needs(run);
  AddFormatOption(verb, &options->format);
  AddWideOption(verb, &options->wide);
  verb->callback([=] {
    *command = [=]() -> absl::Status {
      if (!options->control.control.address.empty()) {
        return ShowCoordinatorStatus(options->control, options->format, OutputPage(options->wide));
      }
      if (!options->run.empty()) return PrintStatus(*options);
      return absl::InvalidArgumentError("expected the folder of a run, or --coordinator");
    };
  });
}

}  // namespace strata::cli

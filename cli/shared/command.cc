#include "cli/shared/command.h"

#include <sched.h>

#include <atomic>
#include <csignal>

namespace strata::cli {
namespace {

std::atomic<bool> interrupt_requested{false};

void OnSignal(int signal) {
  interrupt_requested = true;
  // A second Ctrl-C ends the process at once. A second SIGTERM does not: cluster engines send
  // SIGTERM to every process of a job, and the shell of the job passes it on, so both are one
  // request.
  if (signal == SIGINT) std::signal(signal, SIG_DFL);
}

}  // namespace

void AddFormatOption(CLI::App* subcommand, OutputFormat* format) {
  // CLI11's own transformation to an enumeration lists its numbers, in the help and in errors.
  subcommand
      ->add_option_function<std::string>(
          "--format",
          [format](const std::string& name) {
            *format = name == "json" ? OutputFormat::kJson : OutputFormat::kTable;
          },
          "Form of the output: table | json.")
      ->check(CLI::IsMember({"table", "json"}))
      ->default_str("table");
}

void AddStreamOption(CLI::App* subcommand, bool* stream) {
  subcommand->add_flag("--stream", *stream,
                       "Read each block from the file when it is needed. Memory then holds one "
                       "block instead of the whole model.");
}

int UsableProcessors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

void AddThreadsOption(CLI::App* subcommand, int* threads) {
  *threads = UsableProcessors();
  // The number itself would make the documentation differ between machines.
  subcommand->add_option("--threads", *threads, "Number of processor threads that compute.")
      ->check(CLI::Range(1, 1024))
      ->default_str("all processors");
}

std::string ShellQuoted(const std::string& word) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

int ExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kCancelled:
      return 130;
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return 1;
    default:
      return 2;
  }
}

bool InterruptRequested() { return interrupt_requested; }

void WatchForInterrupt() {
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
}

}  // namespace strata::cli

// What every verb of the `strata` command shares.
#ifndef STRATA_CLI_COMMAND_H_
#define STRATA_CLI_COMMAND_H_

#include <absl/status/status.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>

namespace strata::cli {

// The verb chosen on the command line; set by the callback of its subcommand and run by main after
// parsing.
using Command = std::function<absl::Status()>;

// Each adds one subcommand to `app`; when it is chosen, `*command` becomes its action.
void AddSearchCommand(CLI::App* app, Command* command);
void AddWorkerCommand(CLI::App* app, Command* command);
void AddStatusCommand(CLI::App* app, Command* command);
void AddFsckCommand(CLI::App* app, Command* command);
void AddBackupCommand(CLI::App* app, Command* command);
void AddParetoCommand(CLI::App* app, Command* command);
void AddExportCommand(CLI::App* app, Command* command);
void AddLaunchCommand(CLI::App* app, Command* command);
void AddLevelsCommand(CLI::App* app, Command* command);
void AddFunctionsCommand(CLI::App* app, Command* command);
void AddExplainCommand(CLI::App* app, Command* command);
void AddAllocateCommand(CLI::App* app, Command* command);
void AddEvalCommand(CLI::App* app, Command* command);
void AddTransferCommand(CLI::App* app, Command* command);
void AddPruneCommand(CLI::App* app, Command* command);
void AddBenchInferenceCommand(CLI::App* app, Command* command);
void AddFetchCommand(CLI::App* app, Command* command);
void AddTokenizeCommand(CLI::App* app, Command* command);
void AddStopCommand(CLI::App* app, Command* command);
void AddDrainCommand(CLI::App* app, Command* command);
void AddConfigCommand(CLI::App* app, Command* command);
void AddDoctorCommand(CLI::App* app, Command* command);

enum class OutputFormat { kTable, kJson };

// Adds `--format table|json` to a subcommand that prints results.
void AddFormatOption(CLI::App* subcommand, OutputFormat* format);

// A word as a POSIX shell reads it back.
std::string ShellQuoted(const std::string& word);

// Adds `--stream`, for a model that does not fit into memory.
void AddStreamOption(CLI::App* subcommand, bool* stream);

// Adds `--threads N`, by default every processor this process may use.
void AddThreadsOption(CLI::App* subcommand, int* threads);

// 0 for ok; 130 for Cancelled (Ctrl-C); 1 for a fault of the program; 2 for all that the user can
// mend.
int ExitCode(const absl::Status& status);

// From the first call on, SIGINT and SIGTERM set this flag instead of ending the process; a second
// SIGINT ends it at once.
bool InterruptRequested();
void WatchForInterrupt();

}  // namespace strata::cli

#endif  // STRATA_CLI_COMMAND_H_

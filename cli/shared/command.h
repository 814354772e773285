// Declarations that all verbs of the `strata` command share.
#ifndef STRATA_CLI_SHARED_COMMAND_H_
#define STRATA_CLI_SHARED_COMMAND_H_

#include <absl/status/status.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>

namespace strata::cli {

// The verb chosen on the command line. The callback of its subcommand sets it, and main runs it
// after parsing.
using Command = std::function<absl::Status()>;

// Each function adds one subcommand to `app`. If that subcommand is chosen, `*command` becomes its
// action.
void AddSearchCommand(CLI::App* app, Command* command);
void AddWorkerCommand(CLI::App* app, Command* command);
void AddStatusCommand(CLI::App* app, Command* command);
void AddFsckCommand(CLI::App* app, Command* command);
void AddBackupCommand(CLI::App* app, Command* command);
void AddParetoCommand(CLI::App* app, Command* command);
void AddCandidatesCommand(CLI::App* app, Command* command);
void AddExportCommand(CLI::App* app, Command* command);
void AddLaunchCommand(CLI::App* app, Command* command);
void AddLevelsCommand(CLI::App* app, Command* command);
void AddFunctionsCommand(CLI::App* app, Command* command);
void AddExplainCommand(CLI::App* app, Command* command);
void AddAllocateCommand(CLI::App* app, Command* command);
void AddEvalCommand(CLI::App* app, Command* command);
void AddTransferCommand(CLI::App* app, Command* command);
void AddPruneCommand(CLI::App* app, Command* command);
void AddConvertCommand(CLI::App* app, Command* command);
void AddBenchInferenceCommand(CLI::App* app, Command* command);
void AddFetchCommand(CLI::App* app, Command* command);
void AddInitCommand(CLI::App* app, Command* command);
void AddTokenizeCommand(CLI::App* app, Command* command);
void AddStopCommand(CLI::App* app, Command* command);
void AddDrainCommand(CLI::App* app, Command* command);
void AddConfigCommand(CLI::App* app, Command* command);
void AddDoctorCommand(CLI::App* app, Command* command);

enum class OutputFormat { kTable, kJson };

// Adds `--format table|json` to a subcommand that prints results.
void AddFormatOption(CLI::App* subcommand, OutputFormat* format);

// Returns `word` quoted so that a POSIX shell reads it back unchanged.
std::string ShellQuoted(const std::string& word);

// Adds `--stream`, for a model that does not fit into memory.
void AddStreamOption(CLI::App* subcommand, bool* stream);

// Returns the number of processors that this process may use.
int UsableProcessors();

// Adds `--threads N`. The default is every processor that this process may use.
void AddThreadsOption(CLI::App* subcommand, int* threads);

// Returns 0 for ok; 130 for Cancelled (Ctrl-C); 1 for a fault of the program; 2 for everything that
// the user can mend.
int ExitCode(const absl::Status& status);

// True if SIGINT or SIGTERM has arrived since the first call of WatchForInterrupt.
bool InterruptRequested();
// From the first call on, SIGINT and SIGTERM set the flag of InterruptRequested instead of ending
// the process. A second SIGINT ends the process at once.
void WatchForInterrupt();

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_COMMAND_H_

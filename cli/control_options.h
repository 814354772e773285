// Options of verbs that send requests to a running coordinator.
#ifndef STRATA_CLI_CONTROL_OPTIONS_H_
#define STRATA_CLI_CONTROL_OPTIONS_H_

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <string>

#include "cli/credential_options.h"
#include "cli/shared/command.h"
#include "cli/shared/page.h"
#include "workers/wire/control_client.h"

namespace strata::cli {

struct ControlCommandOptions {
  workers::ControlOptions control;
  CredentialOptions credentials;
};

// Describes a coordinator's address, for help texts.
inline constexpr char kCoordinatorAddress[] =
    "Address of the coordinator of a running search: unix:PATH (RUN/coordinator.sock) | HOST:PORT "
    "| file:PATH (workers.announcement of the search).";

// Describes a running search, for help texts.
inline constexpr char kSearchOrAddress[] =
    "Folder of the run on this machine, or address of the coordinator: unix:PATH | HOST:PORT | "
    "file:PATH (workers.announcement of the search).";

// Returns the address of the coordinator that searches the run in a folder. A text that is no
// folder is an address already. Errors: FailedPrecondition if nobody searches the run; NotFound if
// the text is neither a folder nor an address.
absl::StatusOr<std::string> CoordinatorOf(const std::string& run_or_address);

// Adds the options of AddCredentialOptions and --tls-server-name.
void AddControlOptions(CLI::App* verb, ControlCommandOptions* options);

// Returns the control options with the credentials, which are read now. Errors: those of
// ReadCredentials.
absl::StatusOr<workers::ControlOptions> ReadControlOptions(const ControlCommandOptions& options);

// Asks the coordinator for its status and prints it, for `strata status --coordinator`. Errors:
// those of ReadControlOptions and workers::GetStatus.
absl::Status ShowCoordinatorStatus(const ControlCommandOptions& options, OutputFormat format,
                                   const Page& page);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONTROL_OPTIONS_H_

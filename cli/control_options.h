// Options of verbs that ask a running coordinator.
#ifndef STRATA_CLI_CONTROL_OPTIONS_H_
#define STRATA_CLI_CONTROL_OPTIONS_H_

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <string>

#include "cli/credential_options.h"
#include "cli/shared/command.h"
#include "workers/wire/control_client.h"

namespace strata::cli {

struct ControlCommandOptions {
  workers::ControlOptions control;
  CredentialOptions credentials;
};

// What an address looks like, for help texts.
inline constexpr char kCoordinatorForms[] =
    "unix:PATH (RUN/coordinator.sock) | HOST:PORT | file:PATH (workers.announcement of the search)";

// Adds those of AddCredentialOptions and --tls-server-name.
void AddControlOptions(CLI::App* verb, ControlCommandOptions* options);

// With the credentials read. Errors of ReadCredentials.
absl::StatusOr<workers::ControlOptions> ReadControlOptions(const ControlCommandOptions& options);

// Asks and prints: `strata status --coordinator`. Errors of workers::GetStatus.
absl::Status ShowCoordinatorStatus(const ControlCommandOptions& options, OutputFormat format);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONTROL_OPTIONS_H_

// Options of verbs that connect to a coordinator or run one: TLS files and the token.
#ifndef STRATA_CLI_CREDENTIAL_OPTIONS_H_
#define STRATA_CLI_CREDENTIAL_OPTIONS_H_

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <string>

#include "workers/wire/credentials.h"

namespace strata::cli {

struct CredentialOptions {
  workers::TlsFiles tls;
  std::string token_file;
};

// Adds --tls-authority, --tls-certificate, --tls-key and --token-file.
void AddCredentialOptions(CLI::App* verb, CredentialOptions* options);

// Reads the credentials. The token comes from the token file. If no file is named, it comes from
// the environment variable STRATA_TOKEN, if that is set. Errors: those of workers::ReadTokenFile
// and workers::CheckToken.
absl::StatusOr<workers::Credentials> ReadCredentials(const CredentialOptions& options);

// Reads the credentials of a coordinator, whose token file may hold tokens of several roles.
// Without a token file it does the same as ReadCredentials. Errors: those of ReadCredentials and
// workers::ReadTokensOfRoles.
absl::StatusOr<workers::Credentials> ReadCoordinatorCredentials(const CredentialOptions& options);

}  // namespace strata::cli

#endif  // STRATA_CLI_CREDENTIAL_OPTIONS_H_

// Options of verbs that connect to a coordinator or are one: TLS files and the token.
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

// The token is that of the file or, without one, of the environment variable STRATA_TOKEN, if that
// is set. Errors of workers::ReadTokenFile and CheckToken.
absl::StatusOr<workers::Credentials> ReadCredentials(const CredentialOptions& options);

// The same for a coordinator, whose file may hold tokens of several roles: errors of
// workers::ReadTokensOfRoles too.
absl::StatusOr<workers::Credentials> ReadCoordinatorCredentials(const CredentialOptions& options);

}  // namespace strata::cli

#endif  // STRATA_CLI_CREDENTIAL_OPTIONS_H_

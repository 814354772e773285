#include "cli/credential_options.h"

#include <cstdlib>

namespace strata::cli {

void AddCredentialOptions(CLI::App* verb, CredentialOptions* options) {
  verb->add_option("--tls-authority", options->tls.authority,
                   "PEM file with the authority that signs the other end's certificate.");
  verb->add_option("--tls-certificate", options->tls.certificate,
                   "PEM file with the certificate of this end.");
  verb->add_option("--tls-key", options->tls.key,
                   "PEM file with the key of the certificate, readable by its owner alone.");
  verb->add_option("--token-file", options->token_file,
                   "File with the token that this end sends, readable by its owner alone. Without "
                   "it, the environment variable STRATA_TOKEN is used.");
}

absl::StatusOr<workers::Credentials> ReadCredentials(const CredentialOptions& options) {
  workers::Credentials credentials;
  credentials.tls = options.tls;
  absl::StatusOr<std::string> token = std::string();
  if (!options.token_file.empty()) {
    token = workers::ReadTokenFile(options.token_file);
  } else if (const char* text = std::getenv("STRATA_TOKEN"); text != nullptr) {
    token = workers::CheckToken(text, "the environment variable STRATA_TOKEN");
  }
  if (!token.ok()) return token.status();
  credentials.token = *std::move(token);
  return credentials;
}

absl::StatusOr<workers::Credentials> ReadCoordinatorCredentials(const CredentialOptions& options) {
  if (options.token_file.empty()) return ReadCredentials(options);
  workers::Credentials credentials;
  credentials.tls = options.tls;
  absl::Status status = workers::ReadTokensOfRoles(options.token_file, &credentials);
  if (!status.ok()) return status;
  return credentials;
}

}  // namespace strata::cli

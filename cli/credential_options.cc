#include "cli/credential_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace strata::cli {
namespace {

constexpr char kTokenVariable[] = "STRATA_TOKEN";

// Returns the token of the environment; nullopt if there is none. The first call takes it out of
// the environment, so that no child process inherits it and /proc does not show it.
const std::optional<std::string>& TokenOfEnvironment() {
  static const std::optional<std::string> kToken = []() -> std::optional<std::string> {
    char* text = std::getenv(kTokenVariable);
    if (text == nullptr) return std::nullopt;
    std::string token = text;
    std::fill_n(text, token.size(), '\0');
    unsetenv(kTokenVariable);
    return token;
  }();
  return kToken;
}

}  // namespace

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
  } else if (const std::optional<std::string>& text = TokenOfEnvironment()) {
    token = workers::CheckToken(*text, fmt::format("the environment variable {}", kTokenVariable));
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

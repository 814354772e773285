// Credentials of the two ends of a connection: TLS certificates in PEM files, and secret tokens
// that clients must know.
#ifndef STRATA_WORKERS_WIRE_CREDENTIALS_H_
#define STRATA_WORKERS_WIRE_CREDENTIALS_H_

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>

#include "workers/wire/address.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace strata::workers {

// Paths of PEM files; empty: none. If there are none, connections are not encrypted.
struct TlsFiles {
  // Certificate and key of this end. A coordinator needs both. A worker needs them if the
  // coordinator requires a certificate of workers.
  std::string certificate;
  std::string key;  // only the owner may have rights to this file
  // Certificate of the authority that signs the other end's certificate. A worker needs one. A
  // coordinator that has one requires a certificate of every worker (mutual TLS).
  std::string authority;

  bool any() const { return !certificate.empty() || !key.empty() || !authority.empty(); }
};

struct Credentials {
  TlsFiles tls;
  // Token that a client sends, and that a coordinator expects of workers. Empty: none is required.
  // Never logged, and not in any file of a run.
  std::string token;
  // Tokens that a coordinator expects of viewers and of operators (authorization.h). Empty: nobody
  // has that role over the network.
  std::string viewer_token = {};
  std::string operator_token = {};
};

// Returns the secret in a file, without white space at its end. Errors: InvalidArgument unless it
// has 16 to 4096 printable ASCII characters without spaces; FailedPrecondition if others than the
// owner may read or write the file; NotFound if there is no file.
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

// Reads the coordinator's tokens from a file. It has lines "worker:TOKEN", "viewer:TOKEN" and
// "operator:TOKEN", each at most once and with different tokens, or one line with a worker's token
// alone. Errors: as for ReadTokenFile.
absl::Status ReadTokensOfRoles(const std::string& path, Credentials* credentials);

// Returns a secret that is not from a file, checked and trimmed as by ReadTokenFile. `from` names
// its origin in error messages, which never contain the secret.
absl::StatusOr<std::string> CheckToken(std::string token, const std::string& from);

// Compares two secrets in a time that does not depend on where they differ.
bool AreEqualSecrets(std::string_view expected, std::string_view found);

// Checks that a coordinator may serve at an address. Errors: FailedPrecondition, naming what is
// missing, if other machines can reach the address and there is no TLS or neither a worker token
// nor an authority of worker certificates.
absl::Status CheckExposure(const Address& address, const Credentials& credentials);

// Checks that a worker may connect to an address. Errors: FailedPrecondition if the address is on
// another machine and there is no TLS.
absl::Status CheckWorkerExposure(const Address& address, const Credentials& credentials);

// Return credentials in the form that gRPC takes. Errors: InvalidArgument if a certificate has no
// key or a file is not PEM; NotFound if a file is missing; FailedPrecondition if others may read
// the key.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const TlsFiles& tls);
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const TlsFiles& tls);

// Metadata key, and the value for it, with which a client sends its token.
inline constexpr char kAuthorization[] = "authorization";
std::string AuthorizationOf(const std::string& token);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_CREDENTIALS_H_

// How the two ends of a connection prove who they are: TLS by certificates in PEM files, and a
// secret that workers must know.
#ifndef STRATA_WORKERS_CREDENTIALS_H_
#define STRATA_WORKERS_CREDENTIALS_H_

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

// Paths of PEM files; empty: none. Without any, connections are not encrypted.
struct TlsFiles {
  // Who this end is. A coordinator needs both; a worker where the coordinator demands them.
  std::string certificate;
  std::string key;  // only its owner may have rights to it
  // Certificates that sign the other end's. A worker needs one; a coordinator that has one demands
  // a certificate of every worker (mutual TLS).
  std::string authority;

  bool any() const { return !certificate.empty() || !key.empty() || !authority.empty(); }
};

struct Credentials {
  TlsFiles tls;
  // Never logged, and in no file of a run. What a client sends, and what a coordinator expects of
  // workers; empty: none is asked for.
  std::string token;
  // What a coordinator expects of those who watch and of those who control it (authorization.h);
  // empty: none do over the network.
  std::string viewer_token = {};
  std::string operator_token = {};
};

// The secret in a file, without white space at its end. InvalidArgument unless it has 16 to 4096
// printable ASCII characters without spaces; FailedPrecondition if others than the owner may read
// or write the file; NotFound.
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

// The coordinator's tokens: lines "worker:TOKEN", "viewer:TOKEN" and "operator:TOKEN", each at most
// once and no two alike, or one line with a worker's token alone. Errors as of ReadTokenFile.
absl::Status ReadTokensOfRoles(const std::string& path, Credentials* credentials);

// The same of a secret from elsewhere, named in errors, which do not hold it.
absl::StatusOr<std::string> CheckToken(std::string token, const std::string& from);

// In a time that does not depend on where they differ.
bool AreEqualSecrets(std::string_view expected, std::string_view found);

// FailedPrecondition for an address that other machines reach without TLS and a token or worker
// certificates, saying what is missing.
absl::Status CheckExposure(const Address& address, const Credentials& credentials);

// The same for a worker: FailedPrecondition for such an address without TLS.
absl::Status CheckWorkerExposure(const Address& address, const Credentials& credentials);

// InvalidArgument: a certificate without key, a file that is no PEM; NotFound;
// FailedPrecondition for a key that others may read.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const TlsFiles& tls);
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const TlsFiles& tls);

// What a worker sends: the value of the metadata key "authorization".
inline constexpr char kAuthorization[] = "authorization";
std::string AuthorizationOf(const std::string& token);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_CREDENTIALS_H_

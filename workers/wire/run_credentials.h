// Credentials with which the machines of one run trust each other: tokens, and a certificate for
// the coordinator that is signed by an authority made only for this run.
//
// The certificate contains kCoordinatorName instead of a machine's name, because it is not known
// beforehand on which machine the coordinator will run; workers expect that name. The authority's
// key signs once and is never written, so nobody can make a second certificate.
#ifndef STRATA_WORKERS_WIRE_RUN_CREDENTIALS_H_
#define STRATA_WORKERS_WIRE_RUN_CREDENTIALS_H_

#include <absl/status/status.h>

#include <string>

namespace strata::workers {

// Name in the certificate, for `--tls-server-name`.
inline constexpr char kCoordinatorName[] = "coordinator.strata.internal";

// Paths of the files in a folder of credentials.
struct RunCredentials {
  explicit RunCredentials(const std::string& folder);

  std::string authority;    // PEM, no secret
  std::string certificate;  // PEM, no secret
  std::string key;          // PEM, mode 600
  std::string tokens;       // all roles, for the coordinator; mode 600 like the files below
  std::string worker_token;
  std::string viewer_token;
  std::string operator_token;
};

// Makes the folder, with mode 700, and the files that are missing in it. Certificate, key and
// authority are made together, and all tokens are made together. Existing files are kept, so that a
// resumed run keeps its workers. The certificate is valid for two years. Errors: FailedPrecondition
// if others than the owner may enter the folder; those of evaluator::FileStatus; Internal if
// OpenSSL fails.
absl::Status MakeRunCredentials(const std::string& folder);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_RUN_CREDENTIALS_H_

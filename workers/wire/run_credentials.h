// What the machines of one run need to trust each other: a certificate for its coordinator, signed
// by an authority made for it alone, and tokens.
//
// The certificate names no machine but kCoordinatorName, since it is not known beforehand on which
// one the coordinator will run; workers expect that name. The authority's key is never written: it
// signs once and is forgotten, so nobody can make a second certificate.
#ifndef STRATA_WORKERS_RUN_CREDENTIALS_H_
#define STRATA_WORKERS_RUN_CREDENTIALS_H_

#include <absl/status/status.h>

#include <string>

namespace strata::workers {

// The name in the certificate, for `--tls-server-name`.
inline constexpr char kCoordinatorName[] = "coordinator.strata.internal";

// The files of a folder of credentials.
struct RunCredentials {
  explicit RunCredentials(const std::string& folder);

  std::string authority;    // PEM, no secret
  std::string certificate;  // PEM, no secret
  std::string key;          // PEM, mode 600
  std::string tokens;       // of all roles, for the coordinator; mode 600, as those that follow
  std::string worker_token;
  std::string viewer_token;
  std::string operator_token;
};

// Makes the folder, with mode 700, and in it what is missing: certificate, key and authority
// together, and all tokens together. What is there is kept, so that a run that goes on keeps its
// workers. The certificate is valid for two years. FailedPrecondition for a folder that others than
// its owner may enter; errors of the operating system, naming the file.
absl::Status MakeRunCredentials(const std::string& folder);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_RUN_CREDENTIALS_H_

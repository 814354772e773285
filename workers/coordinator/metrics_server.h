// Serves one page of text over HTTP: what Prometheus asks for.
//
// On an address of this machine alone the page is open; on any other it is served with TLS, to
// whoever sends a viewer's or an operator's token as "Authorization: Bearer TOKEN". Slow and silent
// clients are cut off, and there are never many of them: a search must not wait for its watchers.
#ifndef STRATA_CLI_METRICS_SERVER_H_
#define STRATA_CLI_METRICS_SERVER_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>

#include "workers/wire/credentials.h"

namespace strata::cli {

class MetricsServer {
 public:
  // Serves GET /metrics at `address`, "HOST:PORT"; port 0 takes a free one. `page` is called by a
  // thread of the server, once for every request.
  //
  // InvalidArgument for another kind of address or a certificate that cannot be used;
  // FailedPrecondition for an address that other machines reach without a certificate with its key
  // and a viewer's or operator's token; Unavailable if the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Serve(
      const std::string& address, const workers::Credentials& credentials,
      std::function<std::string()> page);

  // Cuts off whoever is being served.
  ~MetricsServer();

  int port() const;

 private:
  class Connections;
  explicit MetricsServer(std::unique_ptr<Connections> connections);
  std::unique_ptr<Connections> connections_;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_METRICS_SERVER_H_

// HTTP server for Prometheus: serves the metrics as one page of text.
//
// The page needs no token on an address that only this machine can reach. On any other address it
// is served with TLS, to clients that send a viewer's or an operator's token as "Authorization:
// Bearer TOKEN". Slow and silent clients are cut off and the number of clients is limited, because
// a search must not wait for them.
#ifndef STRATA_WORKERS_COORDINATOR_METRICS_SERVER_H_
#define STRATA_WORKERS_COORDINATOR_METRICS_SERVER_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>

#include "workers/wire/credentials.h"

namespace strata::workers {

class MetricsServer {
 public:
  // Serves GET /metrics at `address`, "HOST:PORT"; port 0 takes a free one. `page` returns the
  // text; a thread of the server calls it once for every request.
  //
  // Errors: InvalidArgument if the address is of another kind or the certificate cannot be used;
  // FailedPrecondition if other machines can reach the address and a certificate with its key or a
  // viewer's or operator's token is missing; Unavailable if the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Serve(const std::string& address,
                                                              const Credentials& credentials,
                                                              std::function<std::string()> page);

  // Cuts off the clients that are being served.
  ~MetricsServer();

  int port() const;

 private:
  class Connections;
  explicit MetricsServer(std::unique_ptr<Connections> connections);
  std::unique_ptr<Connections> connections_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_METRICS_SERVER_H_

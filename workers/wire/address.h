// Where a coordinator listens: "unix:/path/of/socket" or "host:port".
#ifndef STRATA_WORKERS_ADDRESS_H_
#define STRATA_WORKERS_ADDRESS_H_

#include <absl/status/statusor.h>

#include <string>

namespace strata::workers {

struct Address {
  std::string text;         // as gRPC takes it
  std::string socket_path;  // empty for TCP
  std::string host;         // empty for a Unix socket
  bool is_local = true;     // no other machine reaches it: a Unix socket, or loopback
};

// InvalidArgument for a malformed address or a socket path that does not fit a socket address (107
// bytes) or holds %, ? or #, which gRPC reads as parts of a URI.
absl::StatusOr<Address> ParseAddress(const std::string& text);

// Makes the socket path free to bind: removes the socket of a coordinator that is gone. Unavailable
// if another one listens on it; FailedPrecondition if the path is a file of another kind or cannot
// be inspected. Nothing to do for TCP.
absl::Status ClaimSocketPath(const Address& address);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_ADDRESS_H_

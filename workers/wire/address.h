// Address at which a coordinator listens: "unix:/path/of/socket" or "host:port".
#ifndef STRATA_WORKERS_WIRE_ADDRESS_H_
#define STRATA_WORKERS_WIRE_ADDRESS_H_

#include <absl/status/statusor.h>

#include <string>

namespace strata::workers {

struct Address {
  std::string text;         // in the form that gRPC takes
  std::string socket_path;  // empty for TCP
  std::string host;         // empty for a Unix socket
  bool is_local = true;     // true if no other machine reaches it: a Unix socket, or loopback
};

// Parses an address. Errors: InvalidArgument if it is malformed, or if a socket path does not fit a
// socket address (107 bytes) or contains %, ? or #, which gRPC reads as parts of a URI.
absl::StatusOr<Address> ParseAddress(const std::string& text);

// Makes the socket path free to bind by removing the socket of a coordinator that is gone. Does
// nothing for TCP. Errors: Unavailable if another coordinator listens on it; FailedPrecondition if
// the path is a file of another kind; those of evaluator::FileStatus.
absl::Status ClaimSocketPath(const Address& address);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_ADDRESS_H_

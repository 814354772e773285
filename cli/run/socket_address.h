// Where the coordinator of a search listens on its own machine.
#ifndef STRATA_CLI_RUN_SOCKET_ADDRESS_H_
#define STRATA_CLI_RUN_SOCKET_ADDRESS_H_

#include <string>

#include "cli/config/run_config.h"

namespace strata::cli {

// Path of the coordinator's socket, which lies in the run folder. If that path does not fit into a
// socket address, the socket lies in a private temporary folder, which is removed at the end.
class SocketAddress {
 public:
  explicit SocketAddress(const RunConfig& config);
  ~SocketAddress();
  SocketAddress(const SocketAddress&) = delete;
  SocketAddress& operator=(const SocketAddress&) = delete;

  const std::string& text() const { return address_; }

 private:
  std::string address_;
  std::string temporary_folder_;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SOCKET_ADDRESS_H_

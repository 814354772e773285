// A relay between workers and their coordinator that injects the faults of real networks.
#ifndef STRATA_TESTS_CHAOS_FAULT_PROXY_H_
#define STRATA_TESTS_CHAOS_FAULT_PROXY_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace strata::chaos {

enum class ConnectionFault {
  kCut,            // both sides see the end of the connection at once
  kDelay,          // every piece in both directions is late for a while
  kStall,          // nothing passes for longer than a lease; then all of it passes
  kLoseRequests,   // what the worker sends is lost for a while; then the connection is cut
  kLoseResponses,  // the same for what the coordinator sends
};

class FaultedConnection;

// Relays Unix sockets. All calls and handlers run on the thread that runs `context`.
class FaultProxy {
 public:
  // Listens on the path `address` and connects each caller to the path `target`. If nobody listens
  // at `target`, the caller is cut off.
  FaultProxy(boost::asio::io_context* context, const std::string& address,
             const std::string& target);
  ~FaultProxy();

  // Applies the fault to a random connection that is established and not suffering already. Returns
  // false if there is none.
  bool Inject(ConnectionFault fault, std::mt19937_64* random);

 private:
  using Socket = boost::asio::local::stream_protocol::socket;
  void Accept();

  boost::asio::io_context* const context_;
  const std::string target_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::vector<std::weak_ptr<FaultedConnection>> connections_;
};

}  // namespace strata::chaos

#endif  // STRATA_TESTS_CHAOS_FAULT_PROXY_H_

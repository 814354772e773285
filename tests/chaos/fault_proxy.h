// A relay between workers and their coordinator that does to connections what networks do.
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
  kCut,            // both sides see the end at once
  kDelay,          // every piece in both directions comes late, for a while
  kStall,          // nothing passes for a while, longer than a lease; then all of it
  kLoseRequests,   // what the worker sends vanishes for a while; then the connection is cut
  kLoseResponses,  // what the coordinator sends does
};

class FaultedConnection;

// Of Unix sockets. All calls, and the handlers, are for the thread that runs `context`.
class FaultProxy {
 public:
  // Listens on `address`, a path, and connects each caller to `target`, a path where nobody may
  // listen at times: the caller is then cut off.
  FaultProxy(boost::asio::io_context* context, const std::string& address,
             const std::string& target);
  ~FaultProxy();

  // Does it to one of the connections that carry something, chosen at random. False: there is none
  // that is not suffering already.
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

#include "tests/chaos/fault_proxy.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

namespace strata::chaos {
namespace {

using boost::asio::local::stream_protocol;
using Socket = stream_protocol::socket;
using Error = boost::system::error_code;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds kSlowPeriod(2000);
constexpr Milliseconds kSlowPiece(100);
constexpr Milliseconds kStallPeriod(4500);
constexpr Milliseconds kLossPeriod(300);

}  // namespace

// One worker's connection; lives as long as a handler of it waits.
class FaultedConnection : public std::enable_shared_from_this<FaultedConnection> {
 public:
  FaultedConnection(boost::asio::io_context* context, Socket worker)
      : worker_(std::move(worker)), coordinator_(*context), end_of_fault_(*context) {
    requests_ = std::make_unique<Direction>(context, &worker_, &coordinator_);
    responses_ = std::make_unique<Direction>(context, &coordinator_, &worker_);
  }

  void Begin(const std::string& target) {
    coordinator_.async_connect(stream_protocol::endpoint(target),
                               [self = shared_from_this()](const Error& error) {
                                 if (error) return self->Cut();
                                 self->is_connected_ = true;
                                 self->Relay(self->requests_.get());
                                 self->Relay(self->responses_.get());
                               });
  }

  bool CanSuffer() const { return is_connected_ && !suffers_ && worker_.is_open(); }

  void Suffer(ConnectionFault fault) {
    suffers_ = true;
    switch (fault) {
      case ConnectionFault::kCut:
        return Cut();
      case ConnectionFault::kDelay:
        requests_->delay = responses_->delay = kSlowPiece;
        return After(kSlowPeriod, [this] {
          requests_->delay = responses_->delay = Milliseconds(0);
          suffers_ = false;
        });
      case ConnectionFault::kStall:
        requests_->delay = responses_->delay = kStallPeriod;
        return After(kStallPeriod, [this] {
          requests_->delay = responses_->delay = Milliseconds(0);
          suffers_ = false;
        });
      case ConnectionFault::kLoseRequests:
        requests_->loses = true;
        return After(kLossPeriod, [this] { Cut(); });
      case ConnectionFault::kLoseResponses:
        responses_->loses = true;
        return After(kLossPeriod, [this] { Cut(); });
    }
  }

 private:
  struct Direction {
    Direction(boost::asio::io_context* context, Socket* source, Socket* sink)
        : from(source), to(sink), pause(*context) {}
    Socket* const from;
    Socket* const to;
    boost::asio::steady_timer pause;
    Milliseconds delay{0};
    bool loses = false;
    std::array<char, 16 << 10> piece;
  };

  template <typename Action>
  void After(Milliseconds time, Action action) {
    end_of_fault_.expires_after(time);
    end_of_fault_.async_wait([self = shared_from_this(), action](const Error& error) {
      if (!error) action();
    });
  }

  void Relay(Direction* direction) {
    direction->from->async_read_some(
        boost::asio::buffer(direction->piece),
        [self = shared_from_this(), direction](const Error& error, size_t size) {
          if (error) return self->Cut();
          if (direction->loses) return self->Relay(direction);
          if (direction->delay == Milliseconds(0)) return self->Pass(direction, size);
          direction->pause.expires_after(direction->delay);
          direction->pause.async_wait([self, direction, size](const Error& stopped) {
            if (!stopped) self->Pass(direction, size);
          });
        });
  }

  void Pass(Direction* direction, size_t size) {
    boost::asio::async_write(*direction->to, boost::asio::buffer(direction->piece.data(), size),
                             [self = shared_from_this(), direction](const Error& error, size_t) {
                               if (error) return self->Cut();
                               self->Relay(direction);
                             });
  }

  void Cut() {
    Error ignored;
    worker_.close(ignored);
    coordinator_.close(ignored);
    end_of_fault_.cancel();
    requests_->pause.cancel();
    responses_->pause.cancel();
  }

  Socket worker_;
  Socket coordinator_;
  std::unique_ptr<Direction> requests_;
  std::unique_ptr<Direction> responses_;
  boost::asio::steady_timer end_of_fault_;
  bool is_connected_ = false;
  bool suffers_ = false;
};

FaultProxy::FaultProxy(boost::asio::io_context* context, const std::string& address,
                       const std::string& target)
    : context_(context), target_(target), acceptor_(*context, stream_protocol::endpoint(address)) {
  Accept();
}

FaultProxy::~FaultProxy() {
  const std::string path = acceptor_.local_endpoint().path();
  Error ignored;
  acceptor_.close(ignored);
  unlink(path.c_str());
}

void FaultProxy::Accept() {
  acceptor_.async_accept([this](const Error& error, Socket worker) {
    if (error) return;
    const auto connection = std::make_shared<FaultedConnection>(context_, std::move(worker));
    connection->Begin(target_);
    std::erase_if(connections_, [](const auto& known) { return known.expired(); });
    connections_.push_back(connection);
    Accept();
  });
}

bool FaultProxy::Inject(ConnectionFault fault, std::mt19937_64* random) {
  std::vector<std::shared_ptr<FaultedConnection>> candidates;
  for (const auto& known : connections_) {
    auto connection = known.lock();
    if (connection != nullptr && connection->CanSuffer()) {
      candidates.push_back(std::move(connection));
    }
  }
  if (candidates.empty()) return false;
  candidates[(*random)() % candidates.size()]->Suffer(fault);
  return true;
}

}  // namespace strata::chaos

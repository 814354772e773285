#include "workers/coordinator/metrics_server.h"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <exception>
#include <string_view>
#include <thread>
#include <utility>

#include "expr/status_macros.h"
#include "workers/wire/address.h"
#include "workers/wire/authorization.h"

namespace strata::workers {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;
using asio::ip::tcp;

constexpr auto kPatience = std::chrono::seconds(10);  // for one client, from first to last byte
constexpr auto kPauseAfterError = std::chrono::milliseconds(100);
constexpr int kMostConnections = 16;
constexpr uint32_t kLongestHeader = 8192;  // bytes

absl::Status CheckMetricsExposure(const Address& address, const Credentials& credentials) {
  const bool has_token = !credentials.viewer_token.empty() || !credentials.operator_token.empty();
  if (address.is_local || (!credentials.tls.certificate.empty() && has_token)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(fmt::format(
      "workers.metrics \"{}\": other machines can reach it, so it is served only with a TLS "
      "certificate and a viewer's or operator's token; found no {}",
      address.text, has_token ? "certificate" : "such token"));
}

absl::StatusOr<std::unique_ptr<asio::ssl::context>> TlsOf(const TlsFiles& files) {
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  tls->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  boost::system::error_code error;
  tls->use_certificate_chain_file(files.certificate, error);
  if (!error) tls->use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (!error) return tls;
  return absl::InvalidArgumentError(
      fmt::format("workers.metrics: cannot use the certificate {} with the key {}: {}",
                  files.certificate, files.key, error.message()));
}

}  // namespace

class MetricsServer::Connections {
 public:
  Connections(Credentials credentials, std::unique_ptr<asio::ssl::context> tls,
              std::function<std::string()> page)
      : credentials_(std::move(credentials)), tls_(std::move(tls)), page_(std::move(page)) {}

  ~Connections() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start(const Address& address) {
    std::string host = address.host;
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    const std::string port = address.text.substr(address.text.rfind(':') + 1);
    boost::system::error_code error;
    tcp::resolver resolver(context_);
    const auto found = resolver.resolve(host, port, tcp::resolver::passive, error);
    if (!error) {
      const tcp::endpoint endpoint = *found.begin();
      acceptor_.open(endpoint.protocol(), error);
      if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
      if (!error) acceptor_.bind(endpoint, error);
      if (!error) acceptor_.listen(kMostConnections, error);
    }
    if (error) {
      return absl::UnavailableError(
          fmt::format("workers.metrics: cannot serve \"{}\": {}", address.text, error.message()));
    }
    asio::co_spawn(context_, Accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
    return absl::OkStatus();
  }

  int port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::awaitable<void> Accept() {
    for (;;) {
      boost::system::error_code error;
      tcp::socket socket =
          co_await acceptor_.async_accept(asio::redirect_error(use_awaitable, error));
      if (error) {  // for example too many open files, which may be fewer later
        asio::steady_timer pause(context_, kPauseAfterError);
        co_await pause.async_wait(use_awaitable);
        continue;
      }
      if (open_ >= kMostConnections) continue;  // closes the socket
      ++open_;
      asio::co_spawn(context_, Converse(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> Converse(tcp::socket socket) {
    try {
      beast::tcp_stream stream(std::move(socket));
      stream.expires_after(kPatience);
      if (tls_ == nullptr) {
        co_await Answer(stream);
        stream.socket().shutdown(tcp::socket::shutdown_send);
      } else {
        beast::ssl_stream<beast::tcp_stream> secure(std::move(stream), *tls_);
        co_await secure.async_handshake(asio::ssl::stream_base::server, use_awaitable);
        co_await Answer(secure);
        co_await secure.async_shutdown(use_awaitable);
      }
    } catch (const std::exception&) {
      // The client left, was too slow, or uses another protocol. Nobody can receive an answer.
    }
    --open_;
  }

  template <typename Stream>
  asio::awaitable<void> Answer(Stream& stream) {
    beast::flat_buffer buffer(kLongestHeader);
    http::request_parser<http::empty_body> parser;
    parser.header_limit(kLongestHeader);
    co_await http::async_read(stream, buffer, parser, use_awaitable);
    const http::response<http::string_body> response = ResponseTo(parser.get());
    co_await http::async_write(stream, response, use_awaitable);
  }

  http::response<http::string_body> ResponseTo(const http::request<http::empty_body>& request) {
    http::response<http::string_body> response(http::status::ok, request.version());
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.keep_alive(false);
    const auto refuse = [&](http::status status, std::string_view why) {
      response.result(status);
      response.body() = fmt::format("{}\n", why);
    };
    if (const grpc::Status status = MayView(request); !status.ok()) {
      const bool is_unknown = status.error_code() == grpc::StatusCode::UNAUTHENTICATED;
      if (is_unknown) response.set(http::field::www_authenticate, "Bearer");
      refuse(is_unknown ? http::status::unauthorized : http::status::forbidden,
             status.error_message());
    } else if (request.target() != "/metrics") {
      refuse(http::status::not_found, "there is only /metrics");
    } else if (request.method() != http::verb::get) {
      response.set(http::field::allow, "GET");
      refuse(http::status::method_not_allowed, "there is only GET");
    } else {
      response.body() = page_();
    }
    response.prepare_payload();
    return response;
  }

  grpc::Status MayView(const http::request<http::empty_body>& request) const {
    if (tls_ == nullptr) return grpc::Status::OK;  // only this machine can reach the address
    const auto sent = request[http::field::authorization];
    return CheckRight({sent.data(), sent.size()}, credentials_, Right::kView);
  }

  const Credentials credentials_;
  const std::unique_ptr<asio::ssl::context> tls_;  // null if the address is local
  const std::function<std::string()> page_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
  int open_ = 0;  // number of open connections; used only by thread_
  std::thread thread_;
};

MetricsServer::MetricsServer(std::unique_ptr<Connections> connections)
    : connections_(std::move(connections)) {}
MetricsServer::~MetricsServer() = default;

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Serve(
    const std::string& address, const Credentials& credentials, std::function<std::string()> page) {
  STRATA_ASSIGN_OR_RETURN(const Address parsed, ParseAddress(address));
  if (!parsed.socket_path.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("workers.metrics: expected HOST:PORT, found \"{}\"", address));
  }
  STRATA_RETURN_IF_ERROR(CheckMetricsExposure(parsed, credentials));
  std::unique_ptr<asio::ssl::context> tls;
  if (!parsed.is_local) {
    STRATA_ASSIGN_OR_RETURN(auto made, TlsOf(credentials.tls));
    tls = std::move(made);
  }
  auto connections = std::make_unique<Connections>(credentials, std::move(tls), std::move(page));
  STRATA_RETURN_IF_ERROR(connections->Start(parsed));
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(connections)));
}

int MetricsServer::port() const { return connections_->port(); }

}  // namespace strata::workers

#include "workers/coordinator/metrics_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fstream>
#include <optional>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "workers/wire/run_credentials.h"

namespace strata::workers {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using ::testing::HasSubstr;

constexpr char kPage[] = "strata_evaluations_total 7\n";

struct Answer {
  int status;
  std::string body;
  std::string asks_for;  // what WWW-Authenticate says
};

class MetricsServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = folder_ / "credentials";
    ASSERT_TRUE(workers::MakeRunCredentials(folder).ok());
    const workers::RunCredentials files(folder);
    credentials_.tls = {files.certificate, files.key, ""};
    ASSERT_TRUE(workers::ReadTokensOfRoles(files.tokens, &credentials_).ok());
    authority_ = files.authority;
  }

  std::unique_ptr<MetricsServer> Serve(const std::string& address) {
    auto server = MetricsServer::Serve(address, credentials_, [] { return std::string(kPage); });
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }

  static absl::StatusCode Refusal(const std::string& address,
                                  const workers::Credentials& credentials) {
    return MetricsServer::Serve(address, credentials, [] { return std::string(kPage); })
        .status()
        .code();
  }

  tcp::socket Connect(const MetricsServer& server) {
    tcp::socket socket(context_);
    socket.connect({asio::ip::address_v4::loopback(), static_cast<uint16_t>(server.port())});
    return socket;
  }

  template <typename Stream>
  static std::optional<Answer> Ask(Stream& stream, http::verb verb, const std::string& target,
                                   const std::string& authorization) {
    http::request<http::empty_body> request(verb, target, 11);
    request.set(http::field::host, "localhost");
    if (!authorization.empty()) request.set(http::field::authorization, authorization);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    boost::system::error_code error;
    http::write(stream, request, error);
    if (!error) http::read(stream, buffer, response, error);
    if (error) return std::nullopt;
    return Answer{static_cast<int>(response.result_int()), response.body(),
                  std::string(response[http::field::www_authenticate])};
  }

  std::optional<Answer> Get(const MetricsServer& server, const std::string& target = "/metrics",
                            http::verb verb = http::verb::get) {
    tcp::socket socket = Connect(server);
    return Ask(socket, verb, target, "");
  }

  // As Prometheus does with `scheme: https`, `ca_file` and `authorization`.
  std::optional<Answer> GetSecurely(const MetricsServer& server, const std::string& authorization) {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.load_verify_file(authority_);
    tls.set_verify_mode(asio::ssl::verify_peer);
    asio::ssl::stream<tcp::socket> stream(Connect(server), tls);
    stream.set_verify_callback(asio::ssl::host_name_verification(workers::kCoordinatorName));
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::client, error);
    if (error) return std::nullopt;
    return Ask(stream, http::verb::get, "/metrics", authorization);
  }

  TemporaryFolder folder_;
  workers::Credentials credentials_;
  std::string authority_;
  asio::io_context context_;
};

TEST_F(MetricsServerTest, OnThisMachineThePageIsOpen) {
  const auto server = Serve("127.0.0.1:0");
  ASSERT_NE(server, nullptr);
  for (int i = 0; i < 40; ++i) {
    const auto answer = Get(*server);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, kPage);
  }
  EXPECT_EQ(Get(*server, "/")->status, 404);
  EXPECT_EQ(Get(*server, "/metrics", http::verb::post)->status, 405);
  EXPECT_FALSE(Get(*server, "/" + std::string(20'000, 'x')));
}

TEST_F(MetricsServerTest, ElsewhereItIsServedWithTlsToViewersAndOperators) {
  const auto server = Serve("0.0.0.0:0");
  ASSERT_NE(server, nullptr);
  const auto with = [&](const std::string& token) { return GetSecurely(*server, token); };
  for (const std::string& token : {credentials_.viewer_token, credentials_.operator_token}) {
    const auto answer = with("Bearer " + token);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, kPage);
  }
  EXPECT_EQ(with("Bearer " + credentials_.token)->status, 403);  // a worker's
  for (const std::string& wrong : {std::string(), std::string("Bearer "), std::string("Bearer x"),
                                   credentials_.viewer_token}) {
    const auto answer = with(wrong);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 401) << wrong;
    EXPECT_EQ(answer->asks_for, "Bearer");
    EXPECT_THAT(answer->body, testing::Not(HasSubstr("strata_")));
  }
  EXPECT_FALSE(Get(*server)) << "not encrypted";
  EXPECT_EQ(with("Bearer " + credentials_.viewer_token)->status, 200);
}

TEST_F(MetricsServerTest, WhatCannotBeServedIsRefused) {
  EXPECT_EQ(Refusal("0.0.0.0:0", {}), absl::StatusCode::kFailedPrecondition);
  workers::Credentials without_tls = credentials_;
  without_tls.tls = {};
  EXPECT_EQ(Refusal("0.0.0.0:0", without_tls), absl::StatusCode::kFailedPrecondition);
  workers::Credentials for_workers = credentials_;
  for_workers.viewer_token = for_workers.operator_token = "";
  EXPECT_EQ(Refusal("0.0.0.0:0", for_workers), absl::StatusCode::kFailedPrecondition);
  workers::Credentials broken = credentials_;
  broken.tls.key = folder_ / "broken";
  std::ofstream(broken.tls.key) << "no key";
  EXPECT_EQ(Refusal("0.0.0.0:0", broken), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal("unix:" + folder_ / "socket", {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal("nowhere", {}), absl::StatusCode::kInvalidArgument);
  const auto server = Serve("127.0.0.1:0");
  ASSERT_NE(server, nullptr);
  const std::string taken = fmt::format("127.0.0.1:{}", server->port());
  // Another one that shares the port would take half of the questions.
  EXPECT_EQ(Refusal(taken, {}), absl::StatusCode::kUnavailable);
}

TEST_F(MetricsServerTest, SilentClientsNeitherPileUpNorHoldItsEnd) {
  auto server = Serve("127.0.0.1:0");
  ASSERT_NE(server, nullptr);
  std::vector<tcp::socket> silent;
  for (int i = 0; i < 16; ++i) silent.push_back(Connect(*server));
  EXPECT_FALSE(Get(*server)) << "the seventeenth is turned away";
  silent.erase(silent.begin() + 8, silent.end());
  std::optional<Answer> answer;
  while (!answer) answer = Get(*server);  // as soon as it saw that they left
  EXPECT_EQ(answer->status, 200);
  server.reset();
  char byte = 0;
  boost::system::error_code error;
  silent.front().read_some(asio::buffer(&byte, 1), error);
  EXPECT_TRUE(error);
}

}  // namespace
}  // namespace strata::workers

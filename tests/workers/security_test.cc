// Who may take part in a search over the network, and that others do it no harm.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "proto/strata.grpc.pb.h"
#include "tests/support/temporary_folder.h"
#include "tests/workers/coordinator/fake_session.h"
#include "tests/workers/small_search.h"
#include "workers/coordinator/coordinator.h"
#include "workers/wire/credentials.h"
#include "workers/wire/handshake.h"
#include "workers/worker/child_process.h"
#include "workers/worker/worker.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

constexpr char kToken[] = "correct-horse-battery-staple";

// Two authorities, and certificates of each: openssl's command line makes them once.
class SecurityTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    files_ = std::make_unique<TemporaryFolder>();
    const std::string script = fmt::format(
        R"(set -e; cd '{}'; umask 077
        new_key() {{ openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }}
        for authority in ours theirs; do
          new_key $authority
          openssl req -x509 -key $authority.key -subj /CN=$authority -days 2 -out $authority.crt
        done
        issue() {{
          new_key $1
          openssl req -new -key $1.key -subj /CN=$1 -out $1.csr
          printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > $1.ext
          openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -days $3 \
            -extfile $1.ext -out $1.crt
        }}
        issue server ours 2; issue worker ours 2; issue stranger theirs 2
        issue late_server ours -1; issue late_worker ours -1)",
        *files_ / "");
    ASSERT_EQ(std::system(fmt::format("({}) >'{}/log' 2>&1", script, *files_ / "").c_str()), 0)
        << "openssl cannot make certificates";
  }
  static void TearDownTestSuite() { files_.reset(); }

  static std::string File(const std::string& name) { return *files_ / name; }
  static TlsFiles Tls(const std::string& name, const std::string& authority) {
    TlsFiles tls;
    if (!name.empty()) {
      tls.certificate = File(name + ".crt");
      tls.key = File(name + ".key");
    }
    if (!authority.empty()) tls.authority = File(authority + ".crt");
    return tls;
  }

  // Serves two work items while `attack` runs with the address, then a good worker does them.
  void ServeDespite(const Credentials& server, const Credentials& good,
                    const std::function<void(const std::string& address)>& attack) {
    FakeSession session(2);
    CoordinatorOptions options = SmallCoordinatorOptions("127.0.0.1:0");
    const auto evaluator = SmallEvaluator(nullptr, kFakeUnits);
    options.model_digest = evaluator->model().digest;
    options.credentials = server;
    auto coordinator = Coordinator::Start(options, &session);
    ASSERT_TRUE(coordinator.ok()) << coordinator.status();
    const std::string address = (*coordinator)->address();
    std::thread clients([&] {
      attack(address);
      const absl::Status status =
          RunWorker({.address = address, .connect_timeout_seconds = 20, .credentials = good},
                    evaluator.get(), nullptr);
      EXPECT_TRUE(status.ok()) << status;
    });
    const absl::Status status = (*coordinator)->Run(nullptr);
    clients.join();
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(session.outcomes.size(), 2u);
  }

  static absl::Status Try(const std::string& address, const Credentials& credentials,
                          double seconds = 20) {
    const auto evaluator = SmallEvaluator(nullptr, kFakeUnits);
    return RunWorker({.address = address,
                      .name = "attacker",
                      .connect_timeout_seconds = seconds,
                      .credentials = credentials},
                     evaluator.get(), nullptr);
  }

  static std::unique_ptr<TemporaryFolder> files_;
};

std::unique_ptr<TemporaryFolder> SecurityTest::files_;

TEST_F(SecurityTest, AWrongOrMissingTokenIsRefusedAtOnce) {
  const Credentials server = {{}, kToken};
  ServeDespite(server, server, [](const std::string& address) {
    for (const std::string token : {"", "correct-horse-battery-stapl", "Bearer x", "0"}) {
      const absl::Status status = Try(address, {{}, token});
      EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr("the token is missing or wrong"));
      EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("staple")));
    }
  });
}

TEST_F(SecurityTest, AnEncryptedCoordinatorServesWhoTrustsItAndHasTheToken) {
  const Credentials server = {Tls("server", ""), kToken};
  const Credentials good = {Tls("", "ours"), kToken};
  ServeDespite(server, good, [](const std::string& address) {
    // Plaintext, an authority that did not sign it, no token.
    EXPECT_EQ(Try(address, {{}, kToken}, 0.3).code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(Try(address, {Tls("", "theirs"), kToken}, 0.3).code(),
              absl::StatusCode::kUnavailable);
    EXPECT_EQ(Try(address, {Tls("", "ours"), ""}).code(), absl::StatusCode::kPermissionDenied);
  });
}

TEST_F(SecurityTest, MutualTlsServesWorkersWithACertificateOfTheAuthority) {
  const Credentials server = {Tls("server", "ours"), ""};
  const Credentials good = {Tls("worker", "ours"), ""};
  ServeDespite(server, good, [](const std::string& address) {
    EXPECT_EQ(Try(address, {Tls("", "ours"), ""}, 0.3).code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(Try(address, {Tls("stranger", "ours"), ""}, 0.3).code(),
              absl::StatusCode::kUnavailable);
  });
}

TEST_F(SecurityTest, ExpiredCertificatesAreRefusedOnBothSides) {
  const Credentials server = {Tls("server", "ours"), ""};
  const Credentials good = {Tls("worker", "ours"), ""};
  ServeDespite(server, good, [](const std::string& address) {
    EXPECT_EQ(Try(address, {Tls("late_worker", "ours"), ""}, 0.3).code(),
              absl::StatusCode::kUnavailable);
  });
  FakeSession session(1);
  CoordinatorOptions options = SmallCoordinatorOptions("127.0.0.1:0");
  options.credentials = {Tls("late_server", ""), kToken};
  auto coordinator = Coordinator::Start(options, &session).value();
  std::atomic<bool> refused = false;
  std::thread worker([&] {
    EXPECT_EQ(Try(coordinator->address(), {Tls("", "ours"), kToken}, 0.3).code(),
              absl::StatusCode::kUnavailable);
    refused = true;
  });
  EXPECT_TRUE(coordinator->Run([&](const CoordinatorStatus&) { return refused.load(); }).ok());
  worker.join();
  EXPECT_TRUE(session.outcomes.empty());
}

TEST_F(SecurityTest, TenThousandConnectionsThatSayNothingHoldNobodyUp) {
  pid_t crowd = 0;
  ServeDespite({}, {}, [&crowd](const std::string& address) {
    const std::string report = File("crowd");
    ASSERT_EQ(mkfifo(report.c_str(), 0600), 0);
    const std::string port = address.substr(address.rfind(':') + 1);
    crowd =
        StartChildProcess(
            {.command = {CROWD, port, "10000", report}, .descriptors = {}, .death_signal = SIGTERM})
            .value();
    int opened = 0;
    std::ifstream(report) >> opened;
    EXPECT_EQ(opened, 10000);
  });
  // They were there until the search was done.
  EXPECT_EQ(kill(crowd, SIGKILL), 0);
  EXPECT_EQ(waitpid(crowd, nullptr, 0), crowd);
}

TEST_F(SecurityTest, MessagesThatAreTooLargeEndTheirStreamOnly) {
  ServeDespite({}, {}, [](const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxSendMessageSize(-1);
    const auto stub = v1::Coordinator::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
    grpc::ClientContext context;
    const auto stream = stub->Exchange(&context);
    v1::WorkerState state;
    state.mutable_hello()->set_worker_name(std::string(100 << 20, 'x'));
    stream->Write(state);
    stream->WritesDone();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  });
}

// A worker that sends without end is read no faster than its messages are dealt with.
TEST_F(SecurityTest, AFloodOfMessagesHoldsNobodyUp) {
  ServeDespite({}, {}, [](const std::string& address) {
    const auto stub =
        v1::Coordinator::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    const auto stream = stub->Exchange(&context);
    v1::WorkerState state;
    *state.mutable_hello() = MakeHello("flood", *SmallEvaluator(nullptr, kFakeUnits));
    state.set_draining(true);
    int written = 0;
    while (written < 20000 && stream->Write(state)) {
      state.clear_hello();
      ++written;
    }
    EXPECT_GT(written, 10);
    context.TryCancel();
    stream->Finish();
  });
}

// What a worker does not read is kept for it up to a bound; then its stream ends.
TEST_F(SecurityTest, AWorkerThatReadsNothingIsCutOff) {
  ServeDespite({}, {}, [](const std::string& address) {
    const auto stub =
        v1::Coordinator::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    const auto stream = stub->Exchange(&context);
    v1::WorkerState state;
    *state.mutable_hello() = MakeHello("slow reader", *SmallEvaluator(nullptr, kFakeUnits));
    state.set_draining(true);
    while (stream->Write(state)) state.clear_hello();
    v1::DesiredState desired;
    while (stream->Read(&desired)) {
    }
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(status.error_message(), HasSubstr("does not read"));
  });
}

TEST_F(SecurityTest, MoreWorkersThanAllowedAreTurnedAway) {
  FakeSession session(1);
  CoordinatorOptions options = SmallCoordinatorOptions("127.0.0.1:0");
  const auto evaluator = SmallEvaluator(nullptr, kFakeUnits);
  options.model_digest = evaluator->model().digest;
  options.maximum_workers = 1;
  auto coordinator = Coordinator::Start(options, &session);
  ASSERT_TRUE(coordinator.ok()) << coordinator.status();
  std::thread clients([&] {
    const auto stub = v1::Coordinator::NewStub(
        grpc::CreateChannel((*coordinator)->address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext first;
    const auto held = stub->Exchange(&first);
    v1::WorkerState state;
    *state.mutable_hello() = MakeHello("first", *evaluator);
    state.set_draining(true);
    EXPECT_TRUE(held->Write(state));
    v1::DesiredState desired;
    EXPECT_TRUE(held->Read(&desired));
    grpc::ClientContext second;
    const auto refused = stub->Exchange(&second);
    EXPECT_EQ(refused->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    first.TryCancel();
    held->Finish();
    EXPECT_TRUE(Try((*coordinator)->address(), {}).ok());
  });
  EXPECT_TRUE((*coordinator)->Run(nullptr).ok());
  clients.join();
}

TEST_F(SecurityTest, OtherMachinesAreServedOnlyEncryptedAndKnown) {
  FakeSession session(1);
  CoordinatorOptions options = SmallCoordinatorOptions("0.0.0.0:0");
  const auto refusal = [&](const Credentials& credentials) {
    options.credentials = credentials;
    const auto coordinator = Coordinator::Start(options, &session);
    EXPECT_EQ(coordinator.status().code(), absl::StatusCode::kFailedPrecondition);
    return std::string(coordinator.status().message());
  };
  EXPECT_THAT(refusal({}), HasSubstr("a TLS certificate and key, and a token"));
  EXPECT_THAT(refusal({{}, kToken}), HasSubstr("a TLS certificate and key"));
  EXPECT_THAT(refusal({Tls("server", ""), ""}), HasSubstr("only with a token or an authority"));
  for (const Credentials& enough :
       {Credentials{Tls("server", ""), kToken}, Credentials{Tls("server", "ours"), ""}}) {
    options.credentials = enough;
    const auto coordinator = Coordinator::Start(options, &session);
    EXPECT_TRUE(coordinator.ok()) << coordinator.status();
  }
}

TEST_F(SecurityTest, FilesThatAreNoCredentialsAreNamed) {
  const auto error = [](const TlsFiles& tls) {
    return std::string(MakeServerCredentials(tls).status().message());
  };
  TlsFiles tls = Tls("server", "");
  tls.key.clear();
  EXPECT_THAT(error(tls), HasSubstr("expected a certificate and its key, found only"));
  tls = Tls("server", "");
  tls.certificate = File("server.ext");
  EXPECT_THAT(error(tls), HasSubstr("server.ext: expected a CERTIFICATE in PEM form"));
  tls.certificate = File("none.crt");
  EXPECT_THAT(error(tls), HasSubstr("none.crt: cannot open: No such file"));
  EXPECT_THAT(error(Tls("", "ours")), HasSubstr("found only an authority"));
  EXPECT_THAT(std::string(MakeChannelCredentials(Tls("worker", "")).status().message()),
              HasSubstr("needs the authority"));
  ASSERT_EQ(chmod(File("server.key").c_str(), 0640), 0);
  EXPECT_THAT(error(Tls("server", "")), HasSubstr("found mode 640; chmod 600 it"));
  ASSERT_EQ(chmod(File("server.key").c_str(), 0600), 0);
  EXPECT_EQ(error(Tls("server", "")), "");
}

TEST_F(SecurityTest, TokensComeFromFilesThatAreTheOwnersAlone) {
  const std::string path = File("token");
  const auto write = [&](const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
    EXPECT_EQ(chmod(path.c_str(), 0600), 0);
  };
  write(std::string(kToken) + "\n");
  EXPECT_EQ(ReadTokenFile(path).value(), kToken);
  for (const std::string& text :
       {std::string(), std::string("short"), std::string(5000, 'x'), std::string("two words of it"),
        std::string("sixteen-and-more\0x", 18), std::string("\xc3\xa4-sixteen-and-more")}) {
    write(text);
    const absl::Status status = ReadTokenFile(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
    if (!text.empty()) {
      EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr(text)));
    }
  }
  write(kToken);
  ASSERT_EQ(chmod(path.c_str(), 0604), 0);
  EXPECT_EQ(ReadTokenFile(path).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadTokenFile(File("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SecurityTest, TokensOfACoordinatorHaveRoles) {
  const std::string path = File("tokens");
  const auto read = [&](const std::string& text) -> absl::StatusOr<Credentials> {
    std::ofstream(path, std::ios::binary) << text;
    EXPECT_EQ(chmod(path.c_str(), 0600), 0);
    Credentials credentials;
    const absl::Status status = ReadTokensOfRoles(path, &credentials);
    if (!status.ok()) return status;
    return credentials;
  };
  const std::string a(20, 'a'), b(20, 'b'), c(20, 'c');
  EXPECT_EQ(read(a).value().token, a);
  EXPECT_EQ(read(a + "\n").value().token, a);
  const auto all = read("operator:" + c + "\nworker:" + a + "\nviewer:" + b + "\n");
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->token, a);
  EXPECT_EQ(all->viewer_token, b);
  EXPECT_EQ(all->operator_token, c);
  EXPECT_EQ(read("viewer:" + b).value().token, "");
  const auto error = [&](const std::string& text) {
    const absl::Status status = read(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("aaaa")));
    return std::string(status.message());
  };
  EXPECT_THAT(error(""), HasSubstr("found 0 characters"));
  EXPECT_THAT(error("worker:" + a + "\n" + b), HasSubstr("tokens:2: expected \"worker:\""));
  EXPECT_THAT(error(a + "\nviewer:" + b), HasSubstr("tokens:1: expected \"worker:\""));
  EXPECT_THAT(error("worker:" + a + "\nworker:" + b), HasSubstr("one that was there before"));
  EXPECT_THAT(error("worker:short"), HasSubstr("tokens:1: expected a token of 16"));
  EXPECT_THAT(error("worker:" + a + "\noperator:" + a), HasSubstr("a token of its own"));
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  Credentials ignored;
  EXPECT_EQ(ReadTokensOfRoles(path, &ignored).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SecurityTest, SecretsAreEqualOrNot) {
  EXPECT_TRUE(AreEqualSecrets("", ""));
  EXPECT_TRUE(AreEqualSecrets(kToken, kToken));
  EXPECT_FALSE(AreEqualSecrets(kToken, ""));
  EXPECT_FALSE(AreEqualSecrets(kToken, "correct-horse-battery-stapleX"));
  EXPECT_FALSE(AreEqualSecrets(kToken, "xorrect-horse-battery-staple"));
}

}  // namespace
}  // namespace strata::workers

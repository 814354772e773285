#include "workers/coordinator/coordinator.h"

#include <fmt/format.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/clock.h"
#include "expr/status_macros.h"
#include "workers/coordinator/control_service.h"
#include "workers/coordinator/dispatcher.h"
#include "workers/coordinator/exchange_service.h"
#include "workers/wire/address.h"

namespace strata::workers {
namespace {

constexpr std::chrono::milliseconds kTick(100);
constexpr std::chrono::seconds kFarewell(2);  // for the last messages to reach the workers
constexpr int kKeepaliveMilliseconds = 10'000;
constexpr int kHandshakeMilliseconds = 10'000;
constexpr int kIdleMilliseconds = 10'000;  // limit for a connection without a stream
constexpr int kMaximumMetadataBytes = 16 << 10;
constexpr mode_t kOwnerOnly = 0177;  // as a umask

absl::Status CheckOptions(const CoordinatorOptions& options) {
  if (!(options.heartbeat_seconds > 0) ||
      !(options.lease_seconds > 2 * options.heartbeat_seconds)) {
    return absl::InvalidArgumentError(fmt::format(
        "lease_seconds: expected more than twice heartbeat_seconds, which is above 0; found {} and "
        "{}",
        options.lease_seconds, options.heartbeat_seconds));
  }
  if (options.maximum_workers < 1) {
    return absl::InvalidArgumentError(
        fmt::format("maximum_workers: expected at least 1, found {}", options.maximum_workers));
  }
  if (options.maximum_machine_faults_per_item < 1) {
    return absl::InvalidArgumentError(
        fmt::format("maximum_machine_faults_per_item: expected at least 1, found {}",
                    options.maximum_machine_faults_per_item));
  }
  return absl::OkStatus();
}

// Raises the limit to what the system allows, because each worker that is turned away also needs a
// descriptor.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class GrpcCoordinator : public Coordinator {
 public:
  GrpcCoordinator(const CoordinatorOptions& options, search::Session* session)
      : options_(options),
        service_(
            {.credentials = options.credentials,
             .maximum_streams = static_cast<size_t>(options.maximum_workers)},
            &context_,
            [this](WorkerId stream, const v1::WorkerState& state) {
              EndOn(dispatcher_.Receive(stream, state));
            },
            [this](WorkerId stream) { EndOn(dispatcher_.StreamClosed(stream)); }),
        dispatcher_(options_, session, &service_),
        control_(options_.credentials, &context_,
                 {.fill_status = [this](v1::StatusReply* reply) { dispatcher_.Describe(reply); },
                  .stop = [this] { context_.stop(); },
                  .drain_workers =
                      [this](const std::string& name) {
                        const absl::StatusOr<int> count = dispatcher_.DrainWorkers(name);
                        EndOn(count.status());
                        return count.value_or(0);
                      }}),
        timer_(context_) {}

  ~GrpcCoordinator() override { StopServer(); }

  absl::Status Listen(const Address& address, const std::optional<Address>& local) {
    STRATA_ASSIGN_OR_RETURN(const auto credentials,
                            MakeServerCredentials(options_.credentials.tls));
    absl::Status claimed = ClaimSocketPath(address);
    if (local.has_value()) claimed.Update(ClaimSocketPath(*local));
    if (!claimed.ok()) return claimed;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address.text, credentials, &port);
    int local_port = 1;
    if (local.has_value()) {
      builder.AddListeningPort(local->text, grpc::InsecureServerCredentials(), &local_port);
    }
    builder.RegisterService(&service_);
    builder.RegisterService(&control_);
    builder.SetMaxReceiveMessageSize(kMaximumMessageBytes);
    builder.SetMaxSendMessageSize(kMaximumMessageBytes);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMilliseconds);
    // A connection belongs to one worker, which has one stream.
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 2);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaximumMetadataBytes);
    // A worker's connection always has a stream.
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMilliseconds);
    // Otherwise two coordinators could share a TCP port.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMilliseconds);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kKeepaliveMilliseconds / 2);
    RaiseDescriptorLimit();
    const mode_t former = umask(kOwnerOnly);
    server_ = builder.BuildAndStart();
    umask(former);
    if (server_ == nullptr || port == 0 || local_port == 0) {
      return absl::UnavailableError(fmt::format("cannot listen on {}{}", address.text,
                                                local.has_value() ? " and " + local->text : ""));
    }
    for (const Address& bound : {address, local.value_or(Address())}) {
      if (!bound.socket_path.empty()) socket_paths_.push_back(bound.socket_path);
    }
    if (local.has_value()) local_address_ = local->text;
    address_ =
        address.socket_path.empty() ? fmt::format("{}:{}", address.host, port) : address.text;
    return absl::OkStatus();
  }

  absl::Status Run(const std::function<bool(const CoordinatorStatus&)>& tick_should_stop) override {
    tick_should_stop_ = tick_should_stop;
    // The posted Flush runs after the messages that have already arrived.
    dispatcher_.DeferAnswers(
        [this] { boost::asio::post(context_, [this] { EndOn(dispatcher_.Flush()); }); });
    Tick();
    context_.run();
    outcome_.Update(dispatcher_.ShutDown());
    StopServer();
    if (tick_should_stop) tick_should_stop(dispatcher_.status());
    return outcome_;
  }

  std::string address() const override { return address_; }
  std::string local_address() const override { return local_address_; }

 private:
  void Tick() {
    EndOn(dispatcher_.Tick());
    if (tick_should_stop_ && tick_should_stop_(dispatcher_.status())) context_.stop();
    timer_.expires_after(kTick);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) Tick();
    });
  }

  void EndOn(const absl::Status& status) {
    outcome_.Update(status);
    if (!status.ok() || dispatcher_.done()) context_.stop();
  }

  // Stops the server. Every stream ends by itself or is cut off, and no reaction runs afterwards.
  void StopServer() {
    if (server_ == nullptr) return;
    control_.Close();
    server_->Shutdown(std::chrono::system_clock::now() + kFarewell);
    service_.WaitUntilEmpty();
    server_.reset();
    for (const std::string& path : socket_paths_) unlink(path.c_str());
  }

  const CoordinatorOptions options_;
  boost::asio::io_context context_;  // a strand, since only Run's thread runs it
  ExchangeService service_;
  Dispatcher dispatcher_;
  ControlService control_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> socket_paths_;
  std::string address_;
  std::string local_address_;
  std::function<bool(const CoordinatorStatus&)> tick_should_stop_;
  absl::Status outcome_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(const CoordinatorOptions& options,
                                                                search::Session* session) {
  absl::Status checked = CheckOptions(options);
  if (!checked.ok()) return checked;
  STRATA_ASSIGN_OR_RETURN(const Address address, ParseAddress(options.address));
  checked = CheckExposure(address, options.credentials);
  if (!checked.ok()) return checked;
  std::optional<Address> local;
  if (!options.local_address.empty()) {
    STRATA_ASSIGN_OR_RETURN(const Address parsed, ParseAddress(options.local_address));
    if (parsed.socket_path.empty()) {
      return absl::InvalidArgumentError(fmt::format(
          "local_address: expected \"unix:/path/of/socket\", found \"{}\"", options.local_address));
    }
    local = parsed;
  }
  CoordinatorOptions complete = options;
  if (!complete.now_seconds) complete.now_seconds = evaluator::SteadySeconds;
  auto coordinator = std::make_unique<GrpcCoordinator>(complete, session);
  absl::Status listening = coordinator->Listen(address, local);
  if (!listening.ok()) return listening;
  return coordinator;
}

}  // namespace strata::workers

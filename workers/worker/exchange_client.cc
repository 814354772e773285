#include "workers/worker/exchange_client.h"

#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <utility>

#include "expr/status_macros.h"
#include "proto/strata.grpc.pb.h"
#include "workers/wire/announcement.h"
#include "workers/wire/field_checks.h"
#include "workers/wire/work_codec.h"

namespace strata::workers {
namespace {

constexpr double kFirstPauseSeconds = 0.05;  // before connecting again
constexpr double kLongestPauseSeconds = 2;
constexpr double kDrainPollSeconds = 0.1;
constexpr double kFarewellSeconds = 2;  // for the coordinator to end the stream as well
constexpr int kKeepaliveMilliseconds = 10'000;
constexpr std::chrono::seconds kStateInterval(1);

using Seconds = std::chrono::duration<double>;

std::shared_ptr<grpc::Channel> Connect(const ExchangeClientOptions& options,
                                       const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaximumMessageBytes);
  arguments.SetMaxSendMessageSize(kMaximumMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMilliseconds);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Every attempt makes a new connection, so that gRPC adds no pauses to those of this file.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!options.server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.server_name);
  }
  return grpc::CreateCustomChannel(address, options.credentials, arguments);
}

const std::string& Place(const ExchangeClientOptions& options) {
  return options.announcement_path.empty() ? options.address : options.announcement_path;
}

}  // namespace

// The reactor of one stream. Its flags are read and written under the client's mutex.
class ExchangeClient::Stream : public grpc::ClientBidiReactor<v1::WorkerState, v1::DesiredState> {
 public:
  explicit Stream(ExchangeClient* client) : client_(client) {}

  void Begin() {
    StartRead(&incoming_);
    // Writes come from outside the reactions, until RemoveHold.
    AddHold();
    StartCall();
  }

  void Write(v1::WorkerState state) {
    outgoing_ = std::move(state);
    is_writing = true;
    StartWrite(&outgoing_);
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      client_->Listen(std::exchange(incoming_, {}));
      StartRead(&incoming_);
      return;
    }
    const std::lock_guard lock(client_->mutex_);
    is_deaf = true;
    client_->changed_.notify_all();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(client_->mutex_);
    is_writing = false;
    is_mute = is_mute || !ok;
    client_->changed_.notify_all();
  }

  void OnDone(const grpc::Status& status) override {
    const std::lock_guard lock(client_->mutex_);
    outcome = status;
    is_done = true;
    client_->changed_.notify_all();
  }

  bool is_writing = false;
  // True if nothing more can be written. Earlier messages of the coordinator may still arrive, such
  // as its last one if it ended the stream during a heartbeat.
  bool is_mute = false;
  bool is_deaf = false;  // true if nothing more will arrive
  bool is_done = false;
  grpc::Status outcome;

 private:
  ExchangeClient* const client_;
  v1::DesiredState incoming_;
  v1::WorkerState outgoing_;
};

ExchangeClient::ExchangeClient(ExchangeClientOptions options)
    : options_(std::move(options)),
      conversation_(options_.hello, Place(options_)),
      last_contact_(Clock::now()),
      backoff_(kFirstPauseSeconds, kLongestPauseSeconds,
               std::hash<std::string>()(options_.hello.worker_name())) {
  thread_ = std::thread([this] { Loop(); });
}

ExchangeClient::~ExchangeClient() {
  {
    const std::lock_guard lock(mutex_);
    EndLocked(absl::OkStatus());
  }
  thread_.join();
  if (!options_.state_file.empty()) std::remove(options_.state_file.c_str());
}

absl::StatusOr<std::optional<Assignment>> ExchangeClient::Next() {
  std::unique_lock lock(mutex_);
  while (true) {
    PollDrainLocked();
    if (conversation_.is_draining() && conversation_.is_idle()) EndLocked(absl::OkStatus());
    if (const std::optional<absl::Status>& end = conversation_.end()) {
      if (!end->ok()) return *end;
      return std::optional<Assignment>();
    }
    if (std::optional<Assignment> next = conversation_.Take()) {
      changed_.notify_all();
      return next;
    }
    changed_.wait_for(lock, Seconds(kDrainPollSeconds));
  }
}

bool ExchangeClient::Report(double fraction) {
  const std::lock_guard lock(mutex_);
  return conversation_.Report(fraction);
}

void ExchangeClient::Deliver(const v1::Result& result) {
  const std::lock_guard lock(mutex_);
  conversation_.Deliver(result);
  changed_.notify_all();
}

void ExchangeClient::Abandon() {
  const std::lock_guard lock(mutex_);
  conversation_.Abandon();
  changed_.notify_all();
}

void ExchangeClient::Loop() {
  while (true) {
    const std::string reason = Converse();
    NoteState("waiting");
    GiveUpIfTooLong(reason);
    PauseBeforeRetry();
    const std::lock_guard lock(mutex_);
    if (conversation_.end().has_value()) return;
  }
}

absl::StatusOr<std::string> ExchangeClient::CurrentAddress() {
  if (options_.announcement_path.empty()) return options_.address;
  STRATA_ASSIGN_OR_RETURN(const Announcement announcement,
                          ReadAnnouncement(options_.announcement_path));
  switch (announcement.state) {
    case RunState::kServing:
      return announcement.address;
    case RunState::kStopped:
      return absl::UnavailableError(
          fmt::format("{}: the search was stopped and not yet resumed", announcement.run));
    case RunState::kOver:
      break;
  }
  const std::lock_guard lock(mutex_);
  EndLocked(absl::OkStatus());
  return absl::UnavailableError(fmt::format("{}: the search is over", announcement.run));
}

std::string ExchangeClient::Converse() {
  const absl::StatusOr<std::string> address = CurrentAddress();
  if (!address.ok()) return std::string(address.status().message());
  const std::unique_ptr<v1::Coordinator::Stub> stub =
      v1::Coordinator::NewStub(Connect(options_, *address));
  grpc::ClientContext context;
  if (!options_.token.empty()) {
    context.AddMetadata(kAuthorization, AuthorizationOf(options_.token));
  }
  Stream stream(this);
  stub->async()->Exchange(&context, &stream);
  stream.Begin();
  Speak(&stream);
  // Either the coordinator has ended the stream, or this side has and the coordinator will follow.
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, Seconds(kFarewellSeconds), [&] { return stream.is_deaf; });
  lock.unlock();
  context.TryCancel();
  stream.RemoveHold();
  lock.lock();
  changed_.wait(lock, [&] { return stream.is_done; });
  if (stream.outcome.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
      stream.outcome.error_code() == grpc::StatusCode::PERMISSION_DENIED) {
    EndLocked(absl::PermissionDeniedError(
        fmt::format("the coordinator at {} refused this worker: {}", *address,
                    Printable(stream.outcome.error_message()))));
  }
  return stream.outcome.error_message();
}

void ExchangeClient::Speak(Stream* stream) {
  std::unique_lock lock(mutex_);
  has_answered_ = false;
  stream->Write(conversation_.State(/*is_first=*/true));
  Clock::time_point next_heartbeat = Clock::now();
  while (!conversation_.end().has_value() && !stream->is_deaf && !stream->is_mute) {
    PollDrainLocked();
    NoteState(has_answered_ ? "connected" : "waiting");
    if (!stream->is_writing && (conversation_.must_speak() || Clock::now() >= next_heartbeat)) {
      stream->Write(conversation_.State(/*is_first=*/false));
      next_heartbeat = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                          Seconds(conversation_.heartbeat_seconds()));
    }
    const double until_heartbeat = Seconds(next_heartbeat - Clock::now()).count();
    changed_.wait_for(lock, Seconds(std::clamp(until_heartbeat, 0.001, kDrainPollSeconds)));
  }
  changed_.wait_for(lock, Seconds(kFarewellSeconds), [&] { return !stream->is_writing; });
  if (!stream->is_deaf && !stream->is_mute && !stream->is_writing) stream->StartWritesDone();
}

void ExchangeClient::Listen(const v1::DesiredState& desired) {
  const std::lock_guard lock(mutex_);
  last_contact_ = Clock::now();
  has_answered_ = true;
  backoff_.Reset();
  conversation_.Receive(desired);
  changed_.notify_all();
}

void ExchangeClient::GiveUpIfTooLong(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  const Seconds silence = Clock::now() - last_contact_;
  if (silence.count() < options_.connect_timeout_seconds) return;
  EndLocked(absl::UnavailableError(fmt::format("no coordinator has answered at {} for {:.0f} s: {}",
                                               Place(options_), silence.count(), reason)));
}

void ExchangeClient::PauseBeforeRetry() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, Seconds(backoff_.NextSeconds()),
                    [&] { return conversation_.end().has_value(); });
}

void ExchangeClient::NoteState(const char* state) {
  if (options_.state_file.empty()) return;
  const Clock::time_point now = Clock::now();
  if (noted_state_ == state && now - noted_at_ < kStateInterval) return;
  std::ofstream(options_.state_file) << state << "\n";
  noted_state_ = state;
  noted_at_ = now;
}

void ExchangeClient::EndLocked(const absl::Status& status) {
  conversation_.End(status);
  changed_.notify_all();
}

void ExchangeClient::PollDrainLocked() {
  if (options_.drain != nullptr && options_.drain->load()) conversation_.Drain();
}

}  // namespace strata::workers

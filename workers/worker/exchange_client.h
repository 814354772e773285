// The worker's end of the stream: a thread that keeps it, and what the evaluating thread needs of
// it.
//
// A lost coordinator is sought again for a while; what the evaluating thread does goes on
// meanwhile.
#ifndef STRATA_WORKERS_EXCHANGE_CLIENT_H_
#define STRATA_WORKERS_EXCHANGE_CLIENT_H_

#include <absl/base/thread_annotations.h>
#include <absl/status/statusor.h>
#include <absl/synchronization/mutex.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "proto/strata.pb.h"
#include "workers/wire/credentials.h"
#include "workers/worker/backoff.h"
#include "workers/worker/conversation.h"

namespace strata::workers {

struct ExchangeClientOptions {
  std::string address;  // as gRPC takes it
  // Instead of an address: the announcement that is read before every connection.
  std::string announcement_path = {};
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::string server_name = {};  // whose certificate is expected; empty: that of the address's host
  std::string token = {};
  v1::Hello hello;
  double connect_timeout_seconds = 30;
  const std::atomic<bool>* drain = nullptr;  // may be null
  std::string state_file = {};               // as of WorkerOptions
};

// All public methods are for one thread, the evaluating one.
class ExchangeClient {
 public:
  explicit ExchangeClient(ExchangeClientOptions options);
  ~ExchangeClient();
  ExchangeClient(const ExchangeClient&) = delete;
  ExchangeClient& operator=(const ExchangeClient&) = delete;

  // Blocks until there is a task to begin. Nothing: the run is over, or this worker drained.
  // Errors: Unavailable, FailedPrecondition when refused, PermissionDenied for the token.
  absl::StatusOr<std::optional<Assignment>> Next();

  // Progress of the assignment taken last. False: it is no longer wanted.
  bool Report(double fraction);

  // Its end, with a result that is sent until acknowledged, or without.
  void Deliver(const v1::Result& result);
  void Abandon();

 private:
  class Stream;
  using Clock = std::chrono::steady_clock;

  void Loop();
  // One stream from its start to its end. Returns why it ended.
  std::string Converse();
  // Where to connect now. Unavailable: nobody serves, but somebody may later.
  absl::StatusOr<std::string> CurrentAddress();
  void Speak(Stream* stream);
  void Listen(const v1::DesiredState& desired);  // what arrived, from a gRPC thread
  void PauseBeforeRetry();
  // Writes the state file, once a second at most for the same state.
  void NoteState(const char* state);
  void GiveUpIfTooLong(const std::string& reason);
  void EndLocked(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PollDrainLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ExchangeClientOptions options_;

  absl::Mutex mutex_;
  absl::CondVar changed_;
  Conversation conversation_ ABSL_GUARDED_BY(mutex_);
  bool has_answered_ ABSL_GUARDED_BY(mutex_) = false;       // the coordinator, on this stream
  Clock::time_point last_contact_ ABSL_GUARDED_BY(mutex_);  // or the beginning
  Backoff backoff_ ABSL_GUARDED_BY(mutex_);                 // before connecting again

  // Of the stream's thread.
  std::string noted_state_;
  Clock::time_point noted_at_;
  std::thread thread_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_EXCHANGE_CLIENT_H_

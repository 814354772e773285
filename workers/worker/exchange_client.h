// gRPC client of the Exchange stream: a thread that keeps the stream open, and the methods through
// which the evaluating thread uses it.
//
// If the coordinator is lost, the client tries to connect again for a while. The evaluating thread
// goes on meanwhile.
#ifndef STRATA_WORKERS_WORKER_EXCHANGE_CLIENT_H_
#define STRATA_WORKERS_WORKER_EXCHANGE_CLIENT_H_

#include <absl/status/statusor.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "proto/strata.pb.h"
#include "workers/wire/credentials.h"
#include "workers/worker/backoff.h"
#include "workers/worker/conversation.h"

namespace strata::workers {

struct ExchangeClientOptions {
  std::string address;  // in the form that gRPC takes
  // Path of an announcement that is read before every connection, instead of `address`.
  std::string announcement_path = {};
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::string server_name = {};  // name in the expected certificate; empty: the address's host
  std::string token = {};
  v1::Hello hello;
  double connect_timeout_seconds = 30;
  const std::atomic<bool>* drain = nullptr;  // may be null
  std::string state_file = {};               // see WorkerOptions
};

// All public methods are for one thread, the evaluating thread.
class ExchangeClient {
 public:
  explicit ExchangeClient(ExchangeClientOptions options);
  ~ExchangeClient();
  ExchangeClient(const ExchangeClient&) = delete;
  ExchangeClient& operator=(const ExchangeClient&) = delete;

  // Blocks until there is a work item to begin. Returns nullopt if the run is over or this worker
  // has drained. Errors: Unavailable if no coordinator answers; FailedPrecondition if the
  // coordinator refuses this worker; PermissionDenied if it does not accept the token.
  absl::StatusOr<std::optional<Assignment>> Next();

  // Reports the progress of the assignment taken last. Returns false if it is no longer wanted.
  bool Report(double fraction);

  // Ends the assignment with a result, which is sent until it is acknowledged.
  void Deliver(const v1::Result& result);
  // Ends the assignment without a result.
  void Abandon();

 private:
  class Stream;
  using Clock = std::chrono::steady_clock;

  void Loop();
  // Runs one stream from its start to its end. Returns why it ended.
  std::string Converse();
  // Returns the address to connect to now. Errors: Unavailable if no coordinator serves now.
  absl::StatusOr<std::string> CurrentAddress();
  void Speak(Stream* stream);
  void Listen(const v1::DesiredState& desired);  // called by a gRPC thread
  void PauseBeforeRetry();
  // Writes the state file, at most once a second for the same state.
  void NoteState(const char* state);
  void GiveUpIfTooLong(const std::string& reason);
  void EndLocked(const absl::Status& status);
  void PollDrainLocked();

  const ExchangeClientOptions options_;

  // Waits of these follow the steady clock, so a step of the wall clock silences no worker. (Timed
  // waits of absl::CondVar follow the wall clock.) The mutex guards the members up to backoff_.
  std::mutex mutex_;
  std::condition_variable changed_;
  Conversation conversation_;
  bool has_answered_ = false;       // the coordinator did, on this stream
  Clock::time_point last_contact_;  // last answer, or construction
  Backoff backoff_;                 // before connecting again

  // Used only by the stream's thread.
  std::string noted_state_;
  Clock::time_point noted_at_;
  std::thread thread_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_EXCHANGE_CLIENT_H_

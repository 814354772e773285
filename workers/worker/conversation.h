// Client-side protocol state machine of the bidirectional Exchange stream (proto/strata.proto). It
// knows which lease the coordinator wants, which one is at work, and which result is not yet
// acknowledged. It has no network, no threads and no clock.
#ifndef STRATA_WORKERS_WORKER_CONVERSATION_H_
#define STRATA_WORKERS_WORKER_CONVERSATION_H_

#include <absl/status/status.h>

#include <optional>
#include <string>

#include "proto/strata.pb.h"

namespace strata::workers {

struct Assignment {
  std::string lease_id;
  v1::WorkItem item;
};

// Outlives streams: a result not acknowledged on one stream is sent again on the next. Not
// thread-safe.
class Conversation {
 public:
  // `address` is the coordinator's; it appears only in error messages.
  Conversation(v1::Hello hello, std::string address);

  // Takes in a message from the coordinator.
  void Receive(const v1::DesiredState& desired);

  // Returns the next message to the coordinator, with the whole state; with the Hello if it is the
  // first message of a stream. Resets must_speak().
  v1::WorkerState State(bool is_first);
  bool must_speak() const { return must_speak_; }  // true if a change should be sent at once
  double heartbeat_seconds() const { return heartbeat_seconds_; }

  // Returns the work item to begin, which is then at work; nullopt if there is none or the worker
  // is not idle.
  std::optional<Assignment> Take();

  // Sets the progress of the work item at work. Returns false if the work item is no longer wanted.
  bool Report(double fraction);
  // Ends the work item at work with a result, which is sent until it is acknowledged.
  void Deliver(const v1::Result& result);
  // Ends the work item at work without a result.
  void Abandon();
  // True if no work item is at work and no result is left to send.
  bool is_idle() const { return lease_id_.empty(); }

  // Tells the coordinator that this worker wants no further work item.
  void Drain();
  bool is_draining() const { return draining_; }

  // Ends the conversation; only the first status is kept. OK: the run is over or this worker
  // leaves. FailedPrecondition: the coordinator refused this worker. Other errors are the caller's.
  void End(const absl::Status& status);
  // nullopt until the conversation has ended.
  const std::optional<absl::Status>& end() const { return end_; }

 private:
  const v1::Hello hello_;
  const std::string address_;
  std::optional<absl::Status> end_;
  Assignment desired_;  // lease_id empty: the worker is to be idle
  bool has_desired_item_ = false;
  std::string lease_id_;  // its work item is at work, or its result is not acknowledged
  double progress_ = 0;
  std::optional<v1::Result> undelivered_;
  bool sent_result_ = false;  // on this stream
  bool must_speak_ = false;
  bool draining_ = false;
  double heartbeat_seconds_ = 1;
  double heard_at_seconds_ = 0;  // sent_at_seconds of the last message on this stream; 0: none
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_CONVERSATION_H_

// What a worker and its coordinator have told each other: which lease is wanted, which is at work,
// which result is not acknowledged. No network, no threads, no clock.
#ifndef STRATA_WORKERS_CONVERSATION_H_
#define STRATA_WORKERS_CONVERSATION_H_

#include <absl/status/status.h>

#include <optional>
#include <string>

#include "proto/strata.pb.h"

namespace strata::workers {

struct Assignment {
  std::string lease_id;
  v1::Task task;
};

// Outlives streams: what was not acknowledged on one is said again on the next. Not thread-safe.
class Conversation {
 public:
  // `address` is the coordinator's, for messages.
  Conversation(v1::Hello hello, std::string address);

  // From the coordinator.
  void Receive(const v1::DesiredState& desired);

  // To the coordinator: all there is to say, with the Hello as the first of a stream.
  v1::WorkerState State(bool is_first);
  bool must_speak() const { return must_speak_; }  // the coordinator should hear of a change now
  double heartbeat_seconds() const { return heartbeat_seconds_; }

  // The task to begin, where there is one and none is at work: it is at work then.
  std::optional<Assignment> Take();

  // Of the task at work. False: it is no longer wanted.
  bool Report(double fraction);
  // Its end, with a result that is said until it is acknowledged, or without.
  void Deliver(const v1::Result& result);
  void Abandon();
  bool is_idle() const { return lease_id_.empty(); }  // none is at work, no result is left

  void Drain();
  bool is_draining() const { return draining_; }

  // Why nothing more will happen, if so; the first reason stays. Ok: the run is over, or this
  // worker leaves. FailedPrecondition: it was refused.
  void End(const absl::Status& status);
  const std::optional<absl::Status>& end() const { return end_; }

 private:
  const v1::Hello hello_;
  const std::string address_;
  std::optional<absl::Status> end_;
  Assignment desired_;  // lease_id empty: be idle
  bool has_desired_task_ = false;
  std::string lease_id_;  // at work, or its result not acknowledged
  double progress_ = 0;
  std::optional<v1::Result> undelivered_;
  bool sent_result_ = false;  // on this stream
  bool must_speak_ = false;
  bool draining_ = false;
  double heartbeat_seconds_ = 1;
  double heard_at_seconds_ = 0;  // on this stream, by the coordinator's clock
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_CONVERSATION_H_

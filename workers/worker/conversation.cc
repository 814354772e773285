#include "workers/worker/conversation.h"

#include <fmt/format.h>

#include <utility>

#include "workers/wire/field_checks.h"

namespace strata::workers {
namespace {

constexpr double kShortestHeartbeatSeconds = 0.01;
constexpr double kLongestHeartbeatSeconds = 3600;

}  // namespace

Conversation::Conversation(v1::Hello hello, std::string address)
    : hello_(std::move(hello)), address_(std::move(address)) {}

void Conversation::Receive(const v1::DesiredState& desired) {
  const double heartbeat = desired.heartbeat_seconds();
  if (heartbeat >= kShortestHeartbeatSeconds && heartbeat <= kLongestHeartbeatSeconds) {
    heartbeat_seconds_ = heartbeat;
  }
  heard_at_seconds_ = desired.sent_at_seconds();
  if (undelivered_.has_value() && desired.acknowledged_lease_id() == lease_id_) {
    undelivered_.reset();
    lease_id_.clear();
  }
  if (!desired.refusal().empty()) {
    End(absl::FailedPreconditionError(fmt::format("the coordinator at {} refused this worker: {}",
                                                  address_, Printable(desired.refusal()))));
  } else if (desired.shut_down()) {
    End(absl::OkStatus());
  }
  const bool is_same = desired.lease_id() == desired_.lease_id;
  if (desired.has_item() || !is_same) {
    desired_ = {desired.lease_id(), desired.item()};
    has_desired_item_ = desired.has_item();
  }
}

v1::WorkerState Conversation::State(bool is_first) {
  v1::WorkerState state;
  if (is_first) {
    *state.mutable_hello() = hello_;
    sent_result_ = false;
    heard_at_seconds_ = 0;
  }
  must_speak_ = false;
  state.set_heard_at_seconds(heard_at_seconds_);
  state.set_lease_id(lease_id_);
  state.set_progress(progress_);
  state.set_draining(draining_);
  if (undelivered_.has_value() && !sent_result_) {
    *state.mutable_result() = *undelivered_;
    sent_result_ = true;
  }
  return state;
}

std::optional<Assignment> Conversation::Take() {
  if (!is_idle() || desired_.lease_id.empty() || !has_desired_item_) return std::nullopt;
  lease_id_ = desired_.lease_id;
  progress_ = 0;
  must_speak_ = true;
  return desired_;
}

bool Conversation::Report(double fraction) {
  progress_ = fraction;
  return !end_.has_value() && desired_.lease_id == lease_id_;
}

void Conversation::Deliver(const v1::Result& result) {
  undelivered_ = result;
  sent_result_ = false;
  must_speak_ = true;
}

void Conversation::Abandon() {
  lease_id_.clear();
  must_speak_ = true;
}

void Conversation::Drain() {
  if (std::exchange(draining_, true)) return;
  must_speak_ = true;
}

void Conversation::End(const absl::Status& status) {
  if (!end_.has_value()) end_ = status;
}

}  // namespace strata::workers

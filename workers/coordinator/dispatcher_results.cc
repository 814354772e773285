// The part of Dispatcher that handles results, failures and lost workers.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <variant>

#include "workers/coordinator/dispatcher.h"
#include "workers/wire/field_checks.h"

namespace strata::workers {
namespace {

constexpr double kFirstPauseSeconds = 1;  // after an infrastructure failure; doubles to the longest
constexpr double kLongestPauseSeconds = 30;
// A worker whose machine failed this many times in a row is benched if another takes its place.
constexpr int kFailuresBeforeBench = 3;
constexpr double kBenchSeconds = 300;

void Count(FailureKind kind, FailureCounts* counts) {
  switch (kind) {
    case FailureKind::kInfrastructure:
      ++counts->infrastructure;
      break;
    case FailureKind::kEvaluation:
      ++counts->evaluation;
      break;
    case FailureKind::kInvalidWork:
      ++counts->invalid_item;
      break;
    case FailureKind::kCrash:
      ++counts->crash;
      break;
    case FailureKind::kTimeLimit:
      ++counts->time_limit;
      break;
    case FailureKind::kMemoryLimit:
      ++counts->memory_limit;
      break;
  }
}

}  // namespace

absl::Status Dispatcher::ReceiveResult(WorkerId stream, const v1::WorkerState& state) {
  const v1::Result& result = state.result();
  const search::SessionItem* item = leases_.FindOpen(result.digest());
  if (item == nullptr) {
    ++totals_.absorbed_results;
    spdlog::info("worker {} sent a result of {} work item {}: ignored", workers_.at(stream).name,
                 leases_.WasCompleted(result.digest()) ? "the completed" : "an unknown",
                 Printable(result.digest()));
    return absl::OkStatus();
  }
  const absl::StatusOr<ReceivedResult> received =
      DecodeResult(result, item->item, options_.plan,
                   session_->engine().features(SubjectOf(item->item)).parameters());
  if (!received.ok()) {
    return HandleFailure(
        stream, state,
        {FailureKind::kEvaluation, "bad result: " + std::string(received.status().message())});
  }
  if (const auto* failure = std::get_if<WorkFailure>(&received->outcome)) {
    return HandleFailure(stream, state, *failure);
  }
  workers_.at(stream).infrastructure_failures = 0;
  records_.CountSuccess(workers_.at(stream).name);
  if (const Lease* lease = leases_.LeaseOf(stream);
      lease != nullptr && lease->digest == result.digest()) {
    durations_.Add(item->item, Now() - lease->started_at);
  }
  if (const auto* profile = std::get_if<search::ProfileOutcome>(&received->outcome)) {
    return Conclude(result.digest(), *profile);
  }
  CountMeasurement(result.digest(), received->seconds, workers_.at(stream).name);
  return Conclude(result.digest(), std::get<search::EvaluateOutcome>(received->outcome));
}

absl::Status Dispatcher::Conclude(const std::string& digest, const search::Outcome& outcome) {
  std::vector<WorkerId> stopped;
  const std::vector<search::SessionItem> items = leases_.Complete(digest, &stopped);
  unanswered_.insert(stopped.begin(), stopped.end());
  for (const search::SessionItem& item : items) {
    const absl::Status status = session_->Record(item, outcome);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Dispatcher::HandleFailure(WorkerId stream, const v1::WorkerState& state,
                                       const WorkFailure& failure) {
  ConnectedWorker& worker = workers_.at(stream);
  const std::string& digest = state.result().digest();
  spdlog::warn("worker {} failed on work item {}: {}", worker.name, digest, failure.message);
  if (failure.kind == FailureKind::kInfrastructure) {
    const double pause = kFirstPauseSeconds * std::exp2(worker.infrastructure_failures);
    worker.free_at = Now() + std::min(pause, kLongestPauseSeconds);
    if (++worker.infrastructure_failures >= kFailuresBeforeBench &&
        workers_.Bench(stream, Now() + kBenchSeconds)) {
      spdlog::warn(
          "worker {} failed {} times in a row for reasons of its machine: it rests for {} s",
          worker.name, worker.infrastructure_failures, kBenchSeconds);
    }
  }
  const Decision decision = leases_.Fail(state.lease_id(), digest, worker.name,
                                         workers_.Available(), failure.kind, failure.message);
  if (failure.kind != FailureKind::kInfrastructure && decision.kind != Decision::kAbsorbed) {
    records_.CountFailure(worker.name);
  }
  if (decision.kind == Decision::kAbsorbed) {
    ++totals_.absorbed_results;
  } else {
    Count(failure.kind, &totals_.failures);
  }
  return Follow(decision, digest);
}

absl::Status Dispatcher::Follow(const Decision& decision, const std::string& digest) {
  switch (decision.kind) {
    case Decision::kAbsorbed:
    case Decision::kRetry:
      return absl::OkStatus();
    case Decision::kWorkFailed:
      ++totals_.failed_items;
      spdlog::error("work item {} failed for good: {}", digest, decision.reason);
      return Conclude(digest, search::FailedOutcome{decision.reason});
    case Decision::kGiveUp:
      return absl::UnavailableError(decision.reason);
  }
  return absl::OkStatus();
}

void Dispatcher::DismissBrokenWorkers() {
  std::map<WorkerId, std::string> broken;
  for (const auto& [stream, worker] : workers_.all()) {
    if (records_.IsBroken(worker.name)) broken[stream] = records_.RefusalOf(worker.name);
  }
  for (const auto& [stream, reason] : broken) Dismiss(stream, reason);
}

void Dispatcher::CountMeasurement(const std::string& digest, const evaluator::StageSeconds& seconds,
                                  const std::string& worker_name) {
  ++totals_.evaluations;
  totals_.total_stage_seconds.prune += seconds.prune;
  totals_.total_stage_seconds.forward += seconds.forward;
  totals_.total_stage_seconds.loss += seconds.loss;
  spdlog::debug("work item {} measured by {}: prune {:.3f} s, forward {:.3f} s, loss {:.3f} s",
                digest, worker_name, seconds.prune, seconds.forward, seconds.loss);
}

}  // namespace strata::workers

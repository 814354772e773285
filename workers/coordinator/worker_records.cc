#include "workers/coordinator/worker_records.h"

#include <fmt/format.h>

namespace strata::workers {
namespace {

constexpr int kMaximumFailuresInARow = 10;  // of a worker, while another one succeeds

}  // namespace

void WorkerRecords::CountSuccess(const std::string& name) {
  Record& own = records_[name];
  ++own.results;
  own.failures_in_a_row = 0;
  own.another_succeeded = false;
  for (auto& [other, record] : records_) {
    if (other != name && record.failures_in_a_row > 0) record.another_succeeded = true;
  }
}

void WorkerRecords::CountSeconds(const std::string& name, double seconds, bool is_busy) {
  Record& record = records_[name];
  record.seen_seconds += seconds;
  if (is_busy) record.busy_seconds += seconds;
}

bool WorkerRecords::IsBroken(const std::string& name) {
  Record& record = records_[name];
  if (record.failures_in_a_row < kMaximumFailuresInARow || !record.another_succeeded) return false;
  record.refusal = fmt::format(
      "worker {} failed {} evaluations in a row while another worker succeeded: it gets no more "
      "work items in this run",
      name, record.failures_in_a_row);
  return true;
}

std::string WorkerRecords::RefusalOf(const std::string& name) const {
  const auto found = records_.find(name);
  return found == records_.end() ? "" : found->second.refusal;
}

std::vector<WorkerStatus> WorkerRecords::Status() const {
  std::vector<WorkerStatus> workers;
  for (const auto& [name, record] : records_) {
    WorkerStatus& worker = workers.emplace_back();
    worker.name = name;
    worker.results = record.results;
    worker.busy_seconds = record.busy_seconds;
    worker.seen_seconds = record.seen_seconds;
  }
  return workers;
}

}  // namespace strata::workers

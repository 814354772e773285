// Watchdog timeout: how long a coordinator with waiting work waits for workers that can do it.
#ifndef STRATA_WORKERS_COORDINATOR_PATIENCE_H_
#define STRATA_WORKERS_COORDINATOR_PATIENCE_H_

#include <absl/status/status.h>

#include <optional>
#include <string>
#include <utility>

#include "workers/wire/measurement_plan.h"

namespace strata::workers {

// Times are seconds since the run began. Not thread-safe.
class Patience {
 public:
  // `seconds` is the timeout. `address` is where workers are expected, for messages.
  Patience(double seconds, std::string address) : seconds_(seconds), address_(std::move(address)) {}

  void LastWorkerLeft(double now) { lonely_since_ = now; }
  void WorkerRefused(const std::string& reason) { last_refusal_ = reason; }

  // Checks the timeout; to be called while work is waiting. `unheld` is a subject of waiting work
  // that no connected worker holds; null if all are held. Errors: Unavailable if for `seconds` no
  // worker has been connected, or some waiting subject has been held by none.
  absl::Status Check(double now, bool has_workers, const SubjectDigests* unheld);

 private:
  const double seconds_;
  const std::string address_;
  double lonely_since_ = 0;             // when the last worker left; 0: the beginning
  std::optional<double> unheld_since_;  // as seen by Check
  std::string last_refusal_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_PATIENCE_H_

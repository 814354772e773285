// How long a run with work to do waits for workers that can do it.
#ifndef STRATA_WORKERS_PATIENCE_H_
#define STRATA_WORKERS_PATIENCE_H_

#include <absl/status/status.h>

#include <optional>
#include <string>
#include <utility>

#include "workers/wire/measurement_plan.h"

namespace strata::workers {

// Times are seconds since the run began. Not thread-safe.
class Patience {
 public:
  // `address`: where the workers are expected.
  Patience(double seconds, std::string address) : seconds_(seconds), address_(std::move(address)) {}

  void LastWorkerLeft(double now) { lonely_since_ = now; }
  void WorkerRefused(const std::string& reason) { last_refusal_ = reason; }

  // While work is waiting. Unavailable once no worker has been connected for so long, or none that
  // holds `unheld`, a subject of waiting work (null: all are held).
  absl::Status Check(double now, bool has_workers, const SubjectDigests* unheld);

 private:
  const double seconds_;
  const std::string address_;
  double lonely_since_ = 0;             // when the last worker left, or the beginning
  std::optional<double> unheld_since_;  // as of Check
  std::string last_refusal_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_PATIENCE_H_

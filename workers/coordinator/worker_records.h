// Statistics and circuit breaker of each worker, by name and over all of its streams: what the
// worker did, and whether it is broken and must get no more work.
#ifndef STRATA_WORKERS_COORDINATOR_WORKER_RECORDS_H_
#define STRATA_WORKERS_COORDINATOR_WORKER_RECORDS_H_

#include <map>
#include <string>
#include <vector>

#include "workers/coordinator/coordinator.h"

namespace strata::workers {

class WorkerRecords {
 public:
  void Know(const std::string& name) { records_[name]; }
  void CountSuccess(const std::string& name);
  void CountFailure(const std::string& name) { ++records_[name].failures_in_a_row; }
  void CountSeconds(const std::string& name, double seconds, bool is_busy);

  // True if a worker has failed many times in a row while another worker succeeded: the fault is
  // then the worker's and not that of the work items. In that case the worker gets a refusal.
  bool IsBroken(const std::string& name);

  // Returns why the worker gets no more work items, or an empty text.
  std::string RefusalOf(const std::string& name) const;

  // Returns all workers, sorted by name. `connected` and `leased_item` are not known here and stay
  // unset.
  std::vector<WorkerStatus> Status() const;

 private:
  struct Record {
    int failures_in_a_row = 0;       // failed evaluations since its last success
    bool another_succeeded = false;  // another worker succeeded meanwhile
    std::string refusal;             // why it gets no more work items; empty: it may get some
    int results = 0;
    double busy_seconds = 0;
    double seen_seconds = 0;
  };
  std::map<std::string, Record> records_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_WORKER_RECORDS_H_

// What is known of the worker of a name, over all its streams: what it did, and whether it is
// broken.
#ifndef STRATA_WORKERS_WORKER_RECORDS_H_
#define STRATA_WORKERS_WORKER_RECORDS_H_

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

  // Decides whether a worker only fails while others succeed: the fault is its own, not the tasks'.
  bool IsBroken(const std::string& name);

  // Why it gets no more tasks, or empty.
  std::string RefusalOf(const std::string& name) const;

  // By name; none is connected or has a task, as far as is known here.
  std::vector<WorkerStatus> Status() const;

 private:
  struct Record {
    int failures_in_a_row = 0;       // evaluations
    bool another_succeeded = false;  // meanwhile
    std::string refusal;             // not empty: it gets no more tasks, for this reason
    int results = 0;
    double busy_seconds = 0;
    double seen_seconds = 0;
  };
  std::map<std::string, Record> records_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_RECORDS_H_

// Runs a search on many workers while everything around it fails, and reports the outcome.
#ifndef STRATA_TESTS_CHAOS_CHAOS_RUN_H_
#define STRATA_TESTS_CHAOS_CHAOS_RUN_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace strata::chaos {

inline constexpr double kLeaseSeconds = 3;

enum class Fault {
  kWorkerKilled,
  kEvaluationKilled,  // the process that evaluates for a worker
  kWorkerFrozen,      // SIGSTOP for longer than a lease
  kConnectionCut,
  kCallsDelayed,
  kConnectionStalled,
  kRequestsLost,
  kResponsesLost,
  kCoordinatorKilled,
  kClockJumped,
};

inline const std::vector<std::pair<Fault, std::string>> kFaults = {
    {Fault::kWorkerKilled, "worker killed (SIGKILL)"},
    {Fault::kEvaluationKilled, "evaluating process killed"},
    {Fault::kWorkerFrozen, "worker frozen longer than a lease"},
    {Fault::kConnectionCut, "connection cut"},
    {Fault::kCallsDelayed, "calls delayed"},
    {Fault::kConnectionStalled, "connection stalled longer than a lease"},
    {Fault::kRequestsLost, "requests lost, then cut"},
    {Fault::kResponsesLost, "responses lost, then cut"},
    {Fault::kCoordinatorKilled, "coordinator killed (SIGKILL), resumed"},
    {Fault::kClockJumped, "coordinator's clock jumped"},
};

struct ChaosOptions {
  int64_t evaluations = 0;
  int workers = 16;
  int coordinator_kills = 0;
  // Mean number of faults per second of each kind except the coordinator's kills.
  double faults_per_second = 2;
  std::set<Fault> faults;
  unsigned seed = 1;
  std::string coordinator_program;
  std::string worker_program;
};

struct ChaosReport {
  std::map<Fault, int> injected;
  int64_t items = 0;          // work items that the undisturbed search needed
  int64_t lost = 0;           // of these, without a stored result at the end
  int64_t counted_twice = 0;  // stored and reported to the search more than once
  int64_t stray = 0;          // stored, but no work item of the undisturbed search
  bool same_archive = false;  // equal byte for byte
  int reissued = 0, hedged = 0, absorbed = 0;
  // Longest time that a lease outlived its worker. Up to kLeaseSeconds is allowed.
  double longest_orphan_seconds = 0;
  double undisturbed_seconds = 0;  // in one thread, without a coordinator
  double seconds = 0;
  std::string error;  // empty if the run could be made
};

// Runs in a folder of its own, which is removed at the end. The faults and the search are
// deterministic, but their timing is not.
ChaosReport RunChaos(const ChaosOptions& options);

}  // namespace strata::chaos

#endif  // STRATA_TESTS_CHAOS_CHAOS_RUN_H_

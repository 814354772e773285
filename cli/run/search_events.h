// Events of a search, as a stream of JSON objects. docs/search.md describes them.
#ifndef STRATA_CLI_RUN_SEARCH_EVENTS_H_
#define STRATA_CLI_RUN_SEARCH_EVENTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/shared/measure_text.h"
#include "search/session.h"
#include "search/store/run_store.h"
#include "workers/coordinator/coordinator.h"

namespace strata::cli {

// Turns stored changes and the activity of workers into events. A resumed search first reports its
// stored candidates. Not thread-safe.
class SearchEvents {
 public:
  // Receives every event. An event has "event", its kind, and "unix_seconds", from the clock.
  using Sink = std::function<void(const nlohmann::ordered_json& event)>;
  SearchEvents(Sink sink, std::function<double()> unix_seconds, const RunMeasures& measures);

  void Begin(const std::string& run, const std::string& model, double target_sparsity,
             bool is_resumed);
  // Call it with every commit, like SessionOptions::on_commit.
  void Committed(const search::RunChanges& changes);
  // Call it from time to time, and once more before End.
  void Observe(const search::Engine& engine, const workers::CoordinatorStatus& workers);
  void End(const search::Session& session);

 private:
  void Send(const char* kind, nlohmann::ordered_json fields);
  void TellCandidate(const search::StoredCandidate& row);
  void TellFailures(const workers::FailureCounts& failures);

  const Sink sink_;
  const std::function<double()> unix_seconds_;
  const RunMeasures measures_;
  std::vector<unsigned> told_;  // per candidate: bits of what was reported
  std::optional<double> best_nll_;
  std::vector<int64_t> front_;
  std::optional<search::Phase> phase_;
  std::set<std::string> workers_;  // names of the connected ones
  std::map<std::string, int> failures_;
};

// Returns failure counts by the names that events, status and metrics give them.
std::map<std::string, int> FailuresByKind(const workers::FailureCounts& failures);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_EVENTS_H_

// The candidates of a search, and which of them changed since the last query.
#ifndef STRATA_SEARCH_ENGINE_CANDIDATE_LIST_H_
#define STRATA_SEARCH_ENGINE_CANDIDATE_LIST_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "search/engine/engine.h"
#include "search/engine/scenarios.h"

namespace strata::search {

// Not thread-safe. References stay valid until the next Add.
class CandidateList {
 public:
  int64_t count() const { return static_cast<int64_t>(all_.size()); }
  const std::vector<Candidate>& all() const { return all_; }
  const Candidate& operator[](int64_t id) const { return all_[static_cast<size_t>(id)]; }

  // Appends a candidate, which counts as changed. `candidate.id` must be count().
  void Add(Candidate candidate);

  // Returns a candidate for writing, which counts as changed from now on.
  Candidate& Change(int64_t id);

  // Sets the result of a measurement on the last rung of the search. `objectives` are those of the
  // engine.
  void SetFitness(int64_t id, const ScenarioOutcome& result,
                  const std::vector<std::string>& objectives);

  // Copies to `copy` the results of the candidate with the same allocations (same_as), or the
  // reason why there are none.
  void CopyResult(int64_t copy);

  // Does the same once that candidate is settled and CopyToAll is called for it.
  void CopyLater(int64_t copy);

  // Copies the results of `measured` to the candidates that wait for it; returns their ids.
  std::vector<int64_t> CopyToAll(int64_t measured);

  // Drops all candidates but the first `kept`.
  void Truncate(int64_t kept);

  // Returns the ids of the candidates that were added or changed since the last call, each once, in
  // no particular order.
  std::vector<int64_t> TakeChanged();

 private:
  std::vector<Candidate> all_;
  std::vector<bool> is_changed_;  // per candidate: true if it is in changed_
  std::vector<int64_t> changed_;
  std::map<int64_t, std::vector<int64_t>> waiting_;  // copies, by the candidate they wait for
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_CANDIDATE_LIST_H_

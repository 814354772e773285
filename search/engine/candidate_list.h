// The candidates of a search, and which of them changed since somebody asked.
#ifndef STRATA_SEARCH_CANDIDATE_LIST_H_
#define STRATA_SEARCH_CANDIDATE_LIST_H_

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

  // `candidate.id` must be count(). It is changed.
  void Add(Candidate candidate);

  // To be written to; from now on it is among the changed ones.
  Candidate& Change(int64_t id);

  // What a measurement on the last level of the search gave; `objectives` are those of the engine.
  void SetFitness(int64_t id, const ScenarioOutcome& result,
                  const std::vector<std::string>& objectives);

  // Gives `copy` what the candidate whose allocations it has (same_as) was measured with, or the
  // reason why it was not.
  void CopyResult(int64_t copy);

  // As CopyResult, once that candidate is settled and CopyToAll is called.
  void CopyLater(int64_t copy);

  // Gives what `measured` was measured with to those that wait for it; returns their ids.
  std::vector<int64_t> CopyToAll(int64_t measured);

  // Drops all but the first `kept`.
  void Truncate(int64_t kept);

  // Ids of those that were added or changed since the last call, each once, in no order.
  std::vector<int64_t> TakeChanged();

 private:
  std::vector<Candidate> all_;
  std::vector<bool> is_changed_;  // of every candidate: whether it is among changed_
  std::vector<int64_t> changed_;
  std::map<int64_t, std::vector<int64_t>> waiting_;  // copies, by the candidate they wait for
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_CANDIDATE_LIST_H_

// The archive in the order of candidates, and how far it has come.
#ifndef STRATA_SEARCH_PROGRESS_H_
#define STRATA_SEARCH_PROGRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "search/engine/engine.h"
#include "search/pareto/epsilon_archive.h"

namespace strata::search {

// The objectives of a candidate with a fitness, in the order of their names; none without.
std::optional<Objectives> ObjectivesOf(const Candidate& candidate,
                                       const std::vector<std::string>& names);

// One word for people: search, finish, select, verify or done.
const char* PhaseName(Phase phase);

// Index of kComplexity among the names, -1 if it is none of them.
int NodeObjective(const std::vector<std::string>& names);

// What the hypervolume reaches to: the objectives of the first candidate with a result, but for
// `largest_nodes` and a zero-shot error of 1.
Objectives HypervolumeReference(Objectives first, const std::vector<std::string>& names,
                                double largest_nodes);

// Candidates are added in order of id, so that it does not matter in which order results came. Not
// thread-safe.
class SearchProgress {
 public:
  explicit SearchProgress(const EngineOptions& options);

  // The next candidate, whose result is known.
  void Add(const Candidate& candidate);

  const EpsilonArchive& archive() const { return archive_; }
  // Ids of the archive by complexity, then loss, then id; `candidates` are those that were added.
  std::vector<int64_t> Front(const std::vector<Candidate>& candidates) const;
  double hypervolume() const { return hypervolume_; }
  // Distinct allocations in a row that left the archive as it was.
  int64_t idle_evaluations() const { return idle_evaluations_; }

 private:
  std::vector<std::string> names_;
  double largest_nodes_;
  EpsilonArchive archive_;
  Objectives reference_;  // empty before the first result
  double hypervolume_ = 0;
  int64_t idle_evaluations_ = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_PROGRESS_H_

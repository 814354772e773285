// The progress of a search: the archive, filled in the order of candidates, and its hypervolume.
#ifndef STRATA_SEARCH_ENGINE_PROGRESS_H_
#define STRATA_SEARCH_ENGINE_PROGRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "search/engine/engine.h"
#include "search/pareto/epsilon_archive.h"

namespace strata::search {

// Returns the objectives of a candidate in the order of `names`; nullopt without a fitness.
std::optional<Objectives> ObjectivesOf(const Candidate& candidate,
                                       const std::vector<std::string>& names);

// Returns one word for users: search, finish, select, verify or done.
const char* PhaseName(Phase phase);

// Returns the phase for users: "features 3/64" while a search measures features (3 of 64 are
// known), else PhaseName.
std::string PhaseText(Phase phase, const FeatureCounts& features);

// Returns the index of kComplexity among the names; -1 if it is none of them.
int NodeObjective(const std::vector<std::string>& names);

// Returns the reference point of the hypervolume: the objectives of the first candidate with a
// result, but with `largest_nodes` nodes and a zero-shot error of 1.
Objectives HypervolumeReference(Objectives first, const std::vector<std::string>& names,
                                double largest_nodes);

// Takes candidates in order of id, so that the order in which results came does not matter. Not
// thread-safe.
class SearchProgress {
 public:
  explicit SearchProgress(const EngineOptions& options);

  // Adds the next candidate, whose result is known.
  void Add(const Candidate& candidate);

  const EpsilonArchive& archive() const { return archive_; }
  // Returns the ids in the archive by complexity, then loss, then id. `candidates` are those that
  // were added.
  std::vector<int64_t> Front(const std::vector<Candidate>& candidates) const;
  double hypervolume() const { return hypervolume_; }
  // Number of distinct allocations in a row that left the archive as it was.
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

#endif  // STRATA_SEARCH_ENGINE_PROGRESS_H_

// The settings of the published functions with which a search begins: a first round, and one round
// of tuning around the best of it.
#ifndef STRATA_SEARCH_ENGINE_BASELINE_ROUNDS_H_
#define STRATA_SEARCH_ENGINE_BASELINE_ROUNDS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "search/engine/engine.h"

namespace strata::search {

struct Seed {
  int baseline = 0;  // index into the options' baselines
  std::string name;  // "owl M=5 lambda=0.08"
  expr::Expression expression;
};

// Returns the baselines in the order they are tried: the paper's default of each, then the other
// settings of each. Baselines whose features take long come after all others, so that nobody waits
// for their features.
std::vector<Seed> BaselineSeeds(const EngineOptions& options);

// Returns the settings of the tuning round: the unmeasured neighbours, in the grid, of the best
// setting of each baseline in the better half, with kBrief of the three best. `fitness[i]` is the
// loss of seed i; a seed without a loss counts as worst. Empty with BaselineSettings::kAll.
std::vector<Seed> TuningSeeds(const EngineOptions& options, const std::vector<Seed>& seeds,
                              const std::vector<std::optional<double>>& fitness);

// Which candidates of a run are settings of baselines, and which settings are still to come. Not
// thread-safe.
class BaselineRounds {
 public:
  // `options` must outlive the object.
  explicit BaselineRounds(const EngineOptions& options)
      : options_(options), first_(BaselineSeeds(options)) {}

  const std::vector<Seed>& first_round() const { return first_; }

  // Plans the tuning round. `fitness` holds the loss of each setting of the first round, nullopt if
  // it is not known.
  void PlanTuning(const std::vector<std::optional<double>>& fitness);
  bool has_tuning() const { return !tuning_.empty(); }
  // Removes and returns the next setting of the tuning round, of which there must be one.
  Seed TakeTuning();

  // Records that a candidate is a setting of a baseline.
  void Add(int64_t candidate, const Seed& seed) { baseline_of_.emplace(candidate, seed.baseline); }
  bool Contains(int64_t candidate) const { return baseline_of_.contains(candidate); }
  // The baseline, an index into the options' baselines, by candidate.
  const std::map<int64_t, int>& baseline_of() const { return baseline_of_; }

 private:
  const EngineOptions& options_;
  const std::vector<Seed> first_;
  std::deque<Seed> tuning_;
  std::map<int64_t, int> baseline_of_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_BASELINE_ROUNDS_H_

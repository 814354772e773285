// The interface of search strategies, which choose what to try next. All strategies share it, so
// that claims about them are comparisons.
#ifndef STRATA_SEARCH_STRATEGY_STRATEGY_H_
#define STRATA_SEARCH_STRATEGY_STRATEGY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "expr/allocation.h"
#include "expr/feature_table.h"
#include "expr/variation.h"
#include "search/pareto/nsga2.h"
#include "search/strategy/strategy_options.h"

namespace strata::search {

// The origin of a candidate.
struct Lineage {
  // "baseline", "warm start", "random", "crossover", "mutation" or "descent"
  std::string origin;
  std::string name;              // baseline with its settings, or warm start; else empty
  std::vector<int64_t> parents;  // candidate ids
};

// The loss that a strategy expected of a candidate when it chose it.
struct Forecast {
  double nll = 0;
  double deviation = 0;  // standard deviation
};

struct Offspring {
  expr::Expression expression;
  Lineage lineage;
  std::optional<Forecast> forecast = std::nullopt;
};

// The result of a candidate, as it is reported to a strategy.
struct CandidateResult {
  int64_t id = 0;
  const expr::Expression& expression;
  const std::vector<std::string>& features;  // needed by the expression; known from now on
  const expr::Allocation& allocation;        // empty if there is none
  bool is_copy = false;                      // an earlier candidate has the same allocation
  // Values of EngineOptions::objectives, all finite; nullopt for a candidate that failed or was
  // stopped early.
  std::optional<Objectives> objectives;
};

// The information about the run that a strategy may use.
struct StrategyContext {
  uint64_t seed = 1;
  expr::AllocationTarget target;
  // Index of the number of nodes among the objectives; negative if it is none. The loss is the
  // first.
  int node_objective = 1;
  size_t objectives = 2;
  const expr::FeatureTable* features = nullptr;  // outlives the strategy, grows
  bool simplifies = true;                        // EngineOptions::simplifies
};

// All randomness of a search is in the strategy, in the order of the calls: the same calls with the
// same results give the same offspring. A strategy looks at a feature only after the result of a
// candidate that needs it was reported, because only then is the feature certain to be measured,
// whatever the timing. Not thread-safe.
class Strategy {
 public:
  virtual ~Strategy() = default;

  // Adds a candidate that this object did not make; its expression counts as seen. Candidates are
  // numbered in the order of the calls of AddSeen, First and Breed.
  virtual void AddSeen(const expr::Expression& expression) = 0;

  // Takes the result of every candidate once, in order of id.
  virtual void AddResult(const CandidateResult& result) = 0;

  // Returns an offspring for the first population. It was not seen before, unless twenty tries in a
  // row give only seen ones.
  virtual Offspring First() = 0;

  // Returns features to measure at the beginning, besides those of the first population. All of
  // them have been measured, or have failed, before the first Breed. Called once.
  virtual std::vector<std::string> FeaturePool() { return {}; }

  // Returns the next candidate, bred from the results so far. It is as new as that of First.
  virtual Offspring Breed() = 0;
};

// Makes the strategy of `options`, which must be valid.
std::unique_ptr<Strategy> MakeStrategy(const StrategyOptions& options,
                                       const StrategyContext& context);

// Expressions seen before, by canonical hash.
class SeenExpressions {
 public:
  // Returns false if the expression was there already.
  bool Add(const expr::Expression& expression) {
    return hashes_.insert(expr::CanonicalHash(expression)).second;
  }
  bool Contains(const expr::Expression& expression) const {
    return hashes_.contains(expr::CanonicalHash(expression));
  }

 private:
  std::unordered_set<uint64_t> hashes_;
};

// Returns FNV-1a of expr::QuantizedKey. It is the same for allocations that count as one candidate,
// and on every platform.
inline uint64_t AllocationHash(const expr::Allocation& allocation) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : expr::QuantizedKey(allocation)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  }
  return hash;
}

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_STRATEGY_H_

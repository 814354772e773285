// How a search chooses what to try next: one interface, so that claims about strategies are
// comparisons.
#ifndef STRATA_SEARCH_STRATEGY_H_
#define STRATA_SEARCH_STRATEGY_H_

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

// What a candidate was bred from.
struct Lineage {
  std::string origin;  // "baseline", "random", "crossover", "mutation", "amplitude", "warm start"
  std::string name;    // of a baseline with its settings, or of a warm start; else empty
  std::vector<int64_t> parents;  // candidate ids
};

// The loss that a strategy expected of a candidate when it chose it.
struct Forecast {
  double nll = 0;
  double deviation = 0;  // standard
};

struct Offspring {
  expr::Expression expression;
  Lineage lineage;
  std::optional<Forecast> forecast = std::nullopt;
};

// What became of a candidate, as a strategy is told of it.
struct CandidateResult {
  int64_t id = 0;
  const expr::Expression& expression;
  const std::vector<std::string>& features;  // that the expression needs, known from now on
  const expr::Allocation& allocation;        // empty if there is none
  bool is_copy = false;                      // an earlier candidate has the same allocation
  // Of EngineOptions::objectives, all finite; none for a candidate that failed or was stopped
  // early.
  std::optional<Objectives> objectives;
};

// What a strategy may know of the run.
struct StrategyContext {
  uint64_t seed = 1;
  expr::AllocationTarget target;
  // Index of the number of nodes among the objectives; negative if it is none. The loss is the
  // first.
  int node_objective = 1;
  size_t objectives = 2;
  const expr::FeatureTable* features = nullptr;  // outlives the strategy, grows
};

// Everything random in a search happens here, in the order of the calls: the same calls with the
// same results give the same offspring. A strategy looks at a feature only once a candidate that
// needs it was told of, because only then is it certain to be measured whatever the timing. Not
// thread-safe.
class Strategy {
 public:
  virtual ~Strategy() = default;

  // A candidate not made by this object: its expression counts as seen. All of them come first, so
  // that the candidates are numbered as they were added, then as they were made.
  virtual void AddSeen(const expr::Expression& expression) = 0;

  // Every candidate once, in order of id.
  virtual void AddResult(const CandidateResult& result) = 0;

  // Of the first population: not seen before unless twenty tries in a row give only seen ones.
  virtual Offspring First() = 0;

  // Features to measure at the beginning besides those of the first population. All of them have
  // been measured, or failed, before the first Breed. Called once.
  virtual std::vector<std::string> FeaturePool() { return {}; }

  // The next candidate, from what it was told. As new as First's.
  virtual Offspring Breed() = 0;
};

// `options` are valid.
std::unique_ptr<Strategy> MakeStrategy(const StrategyOptions& options,
                                       const StrategyContext& context);

// Expressions seen before, by canonical hash.
class SeenExpressions {
 public:
  // False if it was there already.
  bool Add(const expr::Expression& expression) {
    return hashes_.insert(expr::CanonicalHash(expression)).second;
  }
  bool Contains(const expr::Expression& expression) const {
    return hashes_.contains(expr::CanonicalHash(expression));
  }

 private:
  std::unordered_set<uint64_t> hashes_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_H_

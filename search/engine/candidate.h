// A candidate of a search: a function with its allocations and everything measured of it.
#ifndef STRATA_SEARCH_ENGINE_CANDIDATE_H_
#define STRATA_SEARCH_ENGINE_CANDIDATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "expr/allocation.h"
#include "search/strategy/strategy.h"

namespace strata::search {

// The results of a candidate in one of several scenarios.
struct ScenarioResult {
  expr::Allocation allocation = {};
  std::optional<double> fitness_nll = {}, selection_nll = {}, report_nll = {};
  std::optional<double> achieved_sparsity = {};
};

struct Candidate {
  int64_t id = 0;    // 0, 1, 2, ... in breeding order
  std::string text;  // parses back to the expression, which is simplified
  int complexity = 0;
  Lineage lineage;
  std::optional<Forecast> forecast;       // fitness_nll that the strategy expected
  expr::Allocation allocation;            // of scenario 0; empty if unresolved or infeasible
  std::vector<ScenarioResult> scenarios;  // by scenario; empty if only one, or without allocation
  std::optional<int64_t> same_as;         // earlier candidate with the same quantised allocations
  std::string failure;                    // why it is infeasible or quarantined; else empty
  std::vector<double> rung_nll;           // losses by rung of the ladder; empty without racing
  bool stopped_early = false;             // clearly worse than its rivals: no fitness
  // Measured, or copied from same_as. With several scenarios, this and the two losses below are
  // RelativeLoss.
  std::optional<double> fitness_nll;
  std::vector<double> measures;  // of the objectives that are measures, in order
  // Exact protocol, fitness split; decides among the finalists.
  std::optional<double> selection_nll;
  // Exact protocol, report split; reported, and used for no choice.
  std::optional<double> report_nll;
  // From the search measurement, or from the verification once it is known.
  std::optional<double> achieved_sparsity;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_CANDIDATE_H_

// Scenarios: the combinations of model, text and target sparsity that one fitness covers.
#ifndef STRATA_SEARCH_ENGINE_SCENARIO_H_
#define STRATA_SEARCH_ENGINE_SCENARIO_H_

#include <string>
#include <string_view>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_layout.h"

namespace strata::search {

// How the losses of a candidate in all scenarios are combined into one.
enum class Aggregate {
  kMean,    // mean share of damage, see RelativeLoss in scenarios.h
  kWorst,   // largest share of damage
  kPareto,  // each scenario's loss is an objective of its own; the mean chooses among finalists
};

// Returns the aggregate named "mean", "worst" or "pareto"; nullptr for an unknown name.
const Aggregate* FindAggregate(std::string_view name);
std::string_view NameOf(Aggregate aggregate);

struct Scenario {
  int subject = 0;  // model with a text; 0: the run's own
  expr::AllocationTarget target = {};
};

// The scenarios in which functions are measured besides scenario 0, which is the run's own model,
// text and target.
struct RobustOptions {
  std::vector<expr::UnitLayout> further_layouts = {};  // of subjects 1, 2, ...
  std::vector<Scenario> further = {};  // scenarios 1, 2, ...; empty: an ordinary search
  Aggregate aggregate = Aggregate::kMean;
};

// Returns the name of the objective that is the loss of one scenario: "loss@0".
std::string ScenarioLossName(int scenario);
// Returns the scenario of such a name; -1 for any other name.
int ScenarioOfLossName(std::string_view name);

// Returns the objectives of a search with this many scenarios. With kPareto, the first requested
// objective, the loss, is replaced by one loss per scenario.
std::vector<std::string> ScenarioObjectives(const std::vector<std::string>& objectives,
                                            Aggregate aggregate, int scenarios);

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_SCENARIO_H_

// Several models, texts or target sparsities in one fitness: what a scenario is.
#ifndef STRATA_SEARCH_SCENARIO_H_
#define STRATA_SEARCH_SCENARIO_H_

#include <string>
#include <string_view>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_layout.h"

namespace strata::search {

// How the losses of a candidate in all scenarios become one.
enum class Aggregate {
  kMean,    // of its shares of damage, see RelativeLoss in scenarios.h
  kWorst,   // the largest of them
  kPareto,  // each scenario's loss is an objective of its own; the mean chooses among finalists
};

// "mean", "worst", "pareto"; nullptr for an unknown name.
const Aggregate* FindAggregate(std::string_view name);
std::string_view NameOf(Aggregate aggregate);

struct Scenario {
  int subject = 0;  // of the run: a model with a text, 0 the run's own
  expr::AllocationTarget target = {};
};

// Where functions are measured besides the run's own model, text and target, which are scenario 0.
struct RobustOptions {
  std::vector<expr::UnitLayout> further_layouts = {};  // of subjects 1, 2, ...
  std::vector<Scenario> further = {};  // scenarios 1, 2, ...; empty: an ordinary search
  Aggregate aggregate = Aggregate::kMean;
};

// Name of the objective that is the loss of one scenario: "loss@0".
std::string ScenarioLossName(int scenario);
// The scenario of such a name, -1 for any other.
int ScenarioOfLossName(std::string_view name);

// The objectives of a search of so many scenarios, from those it was asked for: with kPareto the
// first, the loss, gives way to one for every scenario.
std::vector<std::string> ScenarioObjectives(const std::vector<std::string>& objectives,
                                            Aggregate aggregate, int scenarios);

}  // namespace strata::search

#endif  // STRATA_SEARCH_SCENARIO_H_

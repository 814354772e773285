// Searches on the synthetic evaluator. Simulated workers report their results in a shuffled order.
#ifndef STRATA_TESTS_SEARCH_SIMULATION_H_
#define STRATA_TESTS_SEARCH_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "evaluator/synthetic_evaluator.h"
#include "search/engine/engine.h"
#include "search/session.h"

namespace strata::search {

constexpr int kBlocks = 12;
constexpr double kTarget = 0.7;
// Loss on Stage::kSelect minus the loss on Stage::kSearch.
constexpr double kSelectionOffset = 0.5;

// Number of blocks of the model of subject 1.
constexpr int kFurtherBlocks = 9;

// Returns the layout of the synthetic model, whose blocks all have the same number of prunable
// weights.
expr::UnitLayout SyntheticLayout();

// Returns six of the published functions. They are of enough kinds, and few enough for short
// searches.
std::vector<expr::Baseline> SimulatedBaselines();

expr::UnitLayout FurtherLayout();  // the layout of subject 1

// Adds two scenarios: sparsity 0.5 on the same model, and 0.6 on the model of subject 1.
void AddScenarios(Aggregate aggregate, EngineOptions* options);

// Returns options with SimulatedBaselines on the synthetic model, a small surrogate and at most
// `evaluations`.
EngineOptions SyntheticOptions(uint64_t seed, int64_t evaluations);

// Returns options with one baseline, uniform, and random trees.
EngineOptions SmallOptions(uint64_t seed, int64_t evaluations);

// Executes work items with the synthetic evaluator. An outcome depends only on the content of the
// work item, as the search demands.
class Laboratory {
 public:
  Laboratory();
  Outcome Do(const WorkItem& item);

  // Number of evaluations of candidates done so far, on one stage or on all of search, select and
  // verify. References (the dense model, uniform sparsities) are not counted.
  int64_t evaluations(Stage stage) { return evaluations_[stage]; }
  int64_t evaluations() {
    return evaluations(Stage::kSearch) + evaluations(Stage::kSelect) + evaluations(Stage::kVerify);
  }

  // If set, called with every true outcome. Its result is reported instead.
  std::function<Outcome(const WorkItem& item, Outcome outcome)> distort;

 private:
  std::unique_ptr<evaluator::Evaluator> evaluators_[2];  // by subject
  std::map<Stage, int64_t> evaluations_;
};

// Returns the lowest loss of any allocation of the synthetic model within the bounds of the target,
// by Lagrange's condition.
double OptimalNll(Laboratory* laboratory);

// Returns the loss of the same sparsity everywhere.
double UniformNll();

// Returns every field of every candidate as text, doubles bit by bit.
std::string Describe(const std::vector<Candidate>& candidates);
std::string Describe(const std::vector<StoredCandidate>& candidates);

// Runs the engine with at most `workers` outstanding work items. Their outcomes are reported in an
// order drawn from `order_seed`. Ends when the engine is done, or when `stop`, which is called
// after every Tell, returns true. Fails the test if the engine waits with nothing outstanding.
void Drive(Engine* engine, Laboratory* laboratory, int workers, uint64_t order_seed,
           const std::function<bool(int64_t tells)>& stop = nullptr);

// Does the same for a session. Returns the number of completed work items, or -1 after an error.
int64_t Drive(Session* session, Laboratory* laboratory, int workers, uint64_t order_seed,
              const std::function<bool(int64_t completions)>& stop = nullptr);

}  // namespace strata::search

#endif  // STRATA_TESTS_SEARCH_SIMULATION_H_

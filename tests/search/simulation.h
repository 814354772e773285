// Searches on the synthetic evaluator, with simulated workers whose answers come in a shuffled
// order.
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
// Loss on Rung::kSelect less the loss on Rung::kSearch.
constexpr double kSelectionOffset = 0.5;

// Blocks of the model of subject 1.
constexpr int kFurtherBlocks = 9;

// Prunable weights of the synthetic model's blocks: all equal.
expr::UnitLayout SyntheticLayout();

// Six of the published functions: enough kinds of them, few enough for short searches.
std::vector<expr::Baseline> SimulatedBaselines();

expr::UnitLayout FurtherLayout();  // of subject 1

// Adds sparsity 0.5 on the same model, and 0.6 on that of subject 1.
void AddScenarios(Aggregate aggregate, EngineOptions* options);

// All baselines on the synthetic model, a small population and `evaluations` at most.
EngineOptions SyntheticOptions(uint64_t seed, int64_t evaluations);

// One baseline, uniform, and random trees.
EngineOptions SmallOptions(uint64_t seed, int64_t evaluations);

// Does a task with the synthetic evaluator. A pure function of the task's content, as the search
// demands.
class Laboratory {
 public:
  Laboratory();
  Outcome Do(const Task& task);

  // Evaluate tasks done so far, on one rung or on all.
  int64_t evaluations(Rung rung) { return evaluations_[rung]; }
  int64_t evaluations() {
    return evaluations(Rung::kSearch) + evaluations(Rung::kSelect) + evaluations(Rung::kVerify);
  }

  // If set: the outcome to return instead, or the true one unchanged.
  std::function<Outcome(const Task& task, Outcome outcome)> distort;

 private:
  std::unique_ptr<evaluator::Evaluator> evaluators_[2];  // by subject
  std::map<Rung, int64_t> evaluations_;
};

// Lowest loss of any allocation of the synthetic model within the target's bounds, by Lagrange's
// condition.
double OptimalNll(Laboratory* laboratory);

// Loss of the same sparsity everywhere.
double UniformNll();

// Every field of every candidate, doubles bit by bit.
std::string Describe(const std::vector<Candidate>& candidates);
std::string Describe(const std::vector<StoredCandidate>& candidates);

// Runs the engine with `workers` tasks outstanding at most, told in an order drawn from
// `order_seed`. Ends when done, or when `stop` says so, which is asked after every Tell. Fails the
// test if the engine waits with nothing outstanding.
void Drive(Engine* engine, Laboratory* laboratory, int workers, uint64_t order_seed,
           const std::function<bool(int64_t tells)>& stop = nullptr);

// The same for a session. Returns the number of tasks completed, or -1 after an error.
int64_t Drive(Session* session, Laboratory* laboratory, int workers, uint64_t order_seed,
              const std::function<bool(int64_t completions)>& stop = nullptr);

}  // namespace strata::search

#endif  // STRATA_TESTS_SEARCH_SIMULATION_H_

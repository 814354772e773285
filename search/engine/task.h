// What the engine asks to be measured, and what it is told.
#ifndef STRATA_SEARCH_TASK_H_
#define STRATA_SEARCH_TASK_H_

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "expr/allocation.h"

namespace strata::search {

// Which of the run's fidelities an evaluation uses; what they mean is the caller's business. Every
// finalist is measured on kSelect and then on kVerify; the others are those of refinement_stage.h:
// kSlope is kRefine with slopes.
enum class Rung { kSearch, kSelect, kVerify, kRefine, kSlope };

// What a search of several scenarios measures others against (scenarios.h).
enum class Reference { kNone, kDense, kUniform };

struct ProfileTask {
  std::vector<std::string> features;
  int subject = 0;  // model and text, see Scenario
};
struct EvaluateTask {
  int64_t candidate = 0;  // or, in a RefinementStage, the id of a refined allocation
  Rung rung = Rung::kSearch;
  expr::Allocation allocation;
  int level = 0;                           // of kSearch: 0 to LadderOptions::levels - 1
  int scenario = 0;                        // of EngineOptions::robust
  int subject = 0;                         // the scenario's
  Reference reference = Reference::kNone;  // else of no candidate
};
struct Wait {};  // nothing to hand out until something is told
struct Done {};  // the search is over and verified
struct Task {
  int64_t id = 0;  // unique within the engine; what Tell refers to
  std::variant<ProfileTask, EvaluateTask> work;
};
// The subject of a task of either kind.
inline int SubjectOf(const Task& task) {
  return std::visit([](const auto& work) { return work.subject; }, task.work);
}
using Action = std::variant<Task, Wait, Done>;

struct ProfileOutcome {
  std::vector<std::vector<double>> values;  // per feature of the task, one number per unit
};
struct EvaluateOutcome {
  double mean_nll = 0;
  double achieved_sparsity = 0;
  std::map<std::string, double> measures = {};  // by name: kZeroShotError where tasks were run
  std::vector<double> window_nll = {};          // of which mean_nll is the mean; may be empty
  std::vector<double> slopes = {};              // of kSlope: derivative by each unit's sparsity
};
// The task failed for good; its candidate is quarantined (a result, not an error).
struct FailedOutcome {
  std::string reason;
};
using Outcome = std::variant<ProfileOutcome, EvaluateOutcome, FailedOutcome>;

}  // namespace strata::search

#endif  // STRATA_SEARCH_TASK_H_

// The work items that the engine hands out, and the outcomes reported to it.
#ifndef STRATA_SEARCH_ENGINE_WORK_ITEM_H_
#define STRATA_SEARCH_ENGINE_WORK_ITEM_H_

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "expr/allocation.h"

namespace strata::search {

// The run's fidelity that an evaluation uses; the caller decides what each means. Every finalist is
// measured on kSelect and then on kVerify. kRefine and kSlope are those of refinement_stage.h:
// kSlope is kRefine with slopes.
enum class Stage { kSearch, kSelect, kVerify, kRefine, kSlope };

// Reference measurements with which a search of several scenarios compares others (scenarios.h).
enum class Reference { kNone, kDense, kUniform };

struct ProfileWork {
  std::vector<std::string> features;
  int subject = 0;  // model and text, see Scenario
  // The sparsities of the operands of features such as slopes(f, s), by feature.
  std::map<std::string, expr::Allocation> pruned = {};
};
struct EvaluateWork {
  int64_t candidate = 0;  // or, in a RefinementStage, the id of a refined allocation
  Stage stage = Stage::kSearch;
  expr::Allocation allocation;
  // On kSearch from 0 to LadderOptions::rungs - 1, on kRefine to AllocationSearch::last_rung().
  int rung = 0;
  int scenario = 0;                        // of EngineOptions::robust
  int subject = 0;                         // that of the scenario
  Reference reference = Reference::kNone;  // kNone: measures a candidate
};
struct Wait {};  // nothing to hand out until an outcome is reported
struct Done {};  // the search is over and verified
struct WorkItem {
  int64_t id = 0;  // unique within the engine; what Tell refers to
  std::variant<ProfileWork, EvaluateWork> work;
};
// Returns the subject of a work item of either kind.
inline int SubjectOf(const WorkItem& item) {
  return std::visit([](const auto& work) { return work.subject; }, item.work);
}
using Action = std::variant<WorkItem, Wait, Done>;

struct ProfileOutcome {
  std::vector<std::vector<double>> values;  // per feature of the work item, one number per unit
};
struct EvaluateOutcome {
  double mean_nll = 0;
  double achieved_sparsity = 0;
  std::map<std::string, double> measures = {};  // by name: kZeroShotError if tasks were run
  std::vector<double> window_nll = {};          // by window; mean_nll is their mean; may be empty
  std::vector<double> slopes = {};              // on kSlope: derivative by each unit's sparsity
};
// The work item failed for good; its candidate is quarantined (a result, not an error).
struct FailedOutcome {
  std::string reason;
};
using Outcome = std::variant<ProfileOutcome, EvaluateOutcome, FailedOutcome>;

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_WORK_ITEM_H_

// The scenarios of a search at work: a candidate's allocations, its results in all scenarios, and
// what makes losses of different models and sparsities comparable.
#ifndef STRATA_SEARCH_SCENARIOS_H_
#define STRATA_SEARCH_SCENARIOS_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "expr/feature_table.h"
#include "search/engine/engine.h"
#include "search/engine/task.h"

namespace strata::search {

// Has the target's sparsity everywhere.
inline constexpr char kUniformFunction[] = "uniform()";

// Losses of several scenarios as one, on the scale of the first: each loss counts as its share of
// the damage that uniform sparsities do in its scenario,
//
//   share = (loss - dense) / (uniform - dense),
//
// so 0 is the dense model and 1 is uniform whatever the model, text and sparsity. The mean share
// (kWorst: the largest) is turned back into the loss with that share in the first scenario. So one
// scenario's loss is itself.
double RelativeLoss(const std::vector<double>& nll, const std::vector<ReferenceLosses>& references,
                    Aggregate aggregate);

// A line for every scenario: losses of the dense model and of uniform sparsities on kSelect, then
// on kVerify, exact, with blanks between. Empty where there is one scenario, or nothing was
// selected.
std::string ScenarioReferencesText(const Engine& engine);
struct ScenarioReferences {
  ReferenceLosses select, verify;
};
// DataLoss for another text.
absl::StatusOr<std::vector<ScenarioReferences>> ParseScenarioReferences(const std::string& text);

// A candidate's results in all scenarios on one rung and level.
struct ScenarioOutcome {
  std::string failure = {};           // of the first scenario that failed; else empty
  EvaluateOutcome combined = {};      // the loss is RelativeLoss; sparsity and windows the first's
  std::vector<double> nll = {};       // by scenario
  std::vector<double> achieved = {};  // sparsity
};

// Why the outcome is no measurement with these objectives; empty if it is one.
std::string FailureOf(const Outcome& outcome, const std::vector<std::string>& objectives);

// Where there is one scenario, there are no references and every outcome is passed on as it is. Not
// thread-safe.
class Scenarios {
 public:
  // `options` are valid.
  Scenarios(const EngineOptions& options, const expr::UnitLayout& layout);

  int count() const { return static_cast<int>(scenarios_.size()); }
  int subjects() const { return static_cast<int>(layouts_.size()); }
  const expr::UnitLayout& layout(int subject) const {
    return layouts_[static_cast<size_t>(subject)];
  }

  // The allocation of `expression` in every scenario, from the features of each subject. The error
  // of the first scenario in which it has none.
  absl::StatusOr<std::vector<expr::Allocation>> Allocate(
      const expr::Expression& expression,
      const std::vector<const expr::FeatureTable*>& features) const;

  // One task for every scenario; `allocations` are those of Allocate.
  std::vector<EvaluateTask> TasksOf(int64_t candidate, Rung rung, int level,
                                    const std::vector<expr::Allocation>& allocations) const;

  // What has to be told before results of a rung, of kSearch on any level, can be combined; none
  // for one scenario. The dense model is measured once for every subject.
  std::vector<EvaluateTask> ReferenceTasks(Rung rung) const;
  bool HasReferences(Rung rung) const;
  // Why results of the rung cannot be combined; empty if they can.
  std::string ReferenceFailure(Rung rung) const;
  // By scenario, of kSearch on the last level; empty for one scenario, or before all were told.
  std::vector<ReferenceLosses> References(Rung rung) const;

  void TellReference(const EvaluateTask& task, const Outcome& outcome);

  // All results of the candidate once `outcome` was the last that was missing. An outcome that
  // lacks one of `objectives` is a failure.
  std::optional<ScenarioOutcome> Tell(const EvaluateTask& task, const Outcome& outcome,
                                      const std::vector<std::string>& objectives);

 private:
  using Stage = std::pair<Rung, int>;
  struct StageReferences {
    std::vector<std::optional<double>> dense;    // by subject
    std::vector<std::optional<double>> uniform;  // by scenario
    size_t missing = 0;
    std::string failure;
  };
  int LevelsOf(Rung rung) const { return rung == Rung::kSearch ? search_levels_ : 1; }
  void AddReferenceTasks(const Stage& stage, std::vector<EvaluateTask>* tasks) const;
  std::vector<ReferenceLosses> ReferencesOf(const Stage& stage) const;
  ScenarioOutcome Combine(const Stage& stage, const std::vector<Outcome>& outcomes,
                          const std::vector<std::string>& objectives) const;

  const Aggregate aggregate_;
  const int search_levels_;
  std::vector<Scenario> scenarios_;
  std::vector<expr::UnitLayout> layouts_;
  std::map<Stage, StageReferences> references_;
  // Results that came while others of the candidate are missing.
  std::map<std::tuple<int64_t, Rung, int>, std::vector<std::optional<Outcome>>> incomplete_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_SCENARIOS_H_

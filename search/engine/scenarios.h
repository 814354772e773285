// Computes a candidate's allocations in all scenarios, combines its results, and makes losses of
// different models and sparsities comparable.
#ifndef STRATA_SEARCH_ENGINE_SCENARIOS_H_
#define STRATA_SEARCH_ENGINE_SCENARIOS_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "expr/feature_table.h"
#include "search/engine/engine.h"
#include "search/engine/work_item.h"

namespace strata::search {

// The function that has the target's sparsity everywhere.
inline constexpr char kUniformFunction[] = "uniform()";

// Combines the losses of several scenarios into one, on the scale of the first. Each loss counts as
// its share of the damage that uniform sparsities do in its scenario,
//
//   share = (loss - dense) / (uniform - dense),
//
// which is 0 for the dense model and 1 for uniform sparsities, whatever the model, text and
// sparsity. Returns the loss that has the mean share (kWorst: the largest share) in the first
// scenario. The loss of a single scenario is returned as it is.
double RelativeLoss(const std::vector<double>& nll, const std::vector<ReferenceLosses>& references,
                    Aggregate aggregate);

// Returns a line per scenario: the losses of the dense model and of uniform sparsities on kSelect,
// then on kVerify, exact and separated by blanks. Empty for one scenario, or if nothing was
// selected.
std::string ScenarioReferencesText(const Engine& engine);
struct ScenarioReferences {
  ReferenceLosses select, verify;
};
// Parses such a text. Errors: DataLoss for any other text.
absl::StatusOr<std::vector<ScenarioReferences>> ParseScenarioReferences(const std::string& text);

// A candidate's results in all scenarios on one stage and rung.
struct ScenarioOutcome {
  std::string failure = {};           // of the first scenario that failed; else empty
  EvaluateOutcome combined = {};      // loss: RelativeLoss; sparsity, windows: of scenario 0
  std::vector<double> nll = {};       // by scenario
  std::vector<double> achieved = {};  // sparsity
};

// Returns why the outcome is no measurement with these objectives; empty if it is one.
std::string FailureOf(const Outcome& outcome, const std::vector<std::string>& objectives);

// With one scenario, every outcome is passed on as it is, and the only reference is the dense
// model, which is reported and compared with nothing. Not thread-safe.
class Scenarios {
 public:
  // `options` must be valid.
  Scenarios(const EngineOptions& options, const expr::UnitLayout& layout);

  int count() const { return static_cast<int>(scenarios_.size()); }
  int subjects() const { return static_cast<int>(layouts_.size()); }
  const expr::UnitLayout& layout(int subject) const {
    return layouts_[static_cast<size_t>(subject)];
  }

  // Returns the allocation of `expression` in every scenario, computed from the features of each
  // subject. Errors: that of the first scenario without an allocation.
  absl::StatusOr<std::vector<expr::Allocation>> Allocate(
      const expr::Expression& expression,
      const std::vector<const expr::FeatureTable*>& features) const;

  // Returns one work item per scenario. `allocations` are those of Allocate.
  std::vector<EvaluateWork> WorkOf(int64_t candidate, Stage stage, int rung,
                                   const std::vector<expr::Allocation>& allocations) const;

  // Returns the work items whose outcomes are needed to combine results of a stage, for kSearch on
  // any rung. The dense model is measured once per subject. For one scenario, returns the dense
  // model alone, for kSearch on the last rung. Called once per stage.
  std::vector<EvaluateWork> AskForReferences(Stage stage);
  bool HasAsked(Stage stage) const { return asked_.contains(stage); }
  // True while the dense model of a single scenario has no outcome on a stage that was asked for.
  bool awaits_dense() const { return dense_missing_ > 0; }
  // The dense model of a single scenario will not be measured where it was asked for.
  void ForgetDense() { dense_missing_ = 0; }
  bool HasReferences(Stage stage) const;
  // Returns why results of the stage cannot be combined; empty if they can.
  std::string ReferenceFailure(Stage stage) const;
  // Returns the reference losses by scenario, for kSearch on the last rung; empty for one scenario,
  // or until all are known.
  std::vector<ReferenceLosses> References(Stage stage) const;

  // Returns the loss of the dense model in the first scenario, for kSearch on the last rung;
  // nullopt until it is known, and if it could not be measured.
  std::optional<double> DenseLoss(Stage stage) const;

  void TellReference(const EvaluateWork& item, const Outcome& outcome);

  // Takes an outcome. Returns all results of the candidate if this was the last one missing, else
  // nullopt. An outcome that lacks one of `objectives` is a failure.
  std::optional<ScenarioOutcome> Tell(const EvaluateWork& item, const Outcome& outcome,
                                      const std::vector<std::string>& objectives);

 private:
  using StageRung = std::pair<Stage, int>;
  struct RungReferences {
    std::vector<std::optional<double>> dense;    // by subject
    std::vector<std::optional<double>> uniform;  // by scenario
    size_t missing = 0;
    std::string failure;
  };
  int RungsOf(Stage stage) const { return stage == Stage::kSearch ? search_rungs_ : 1; }
  void AddReferenceWork(const StageRung& stage, std::vector<EvaluateWork>* items) const;
  std::vector<ReferenceLosses> ReferencesOf(const StageRung& stage) const;
  ScenarioOutcome Combine(const StageRung& stage, const std::vector<Outcome>& outcomes,
                          const std::vector<std::string>& objectives) const;

  const Aggregate aggregate_;
  const int search_rungs_;
  std::vector<Scenario> scenarios_;
  std::vector<expr::UnitLayout> layouts_;
  std::map<StageRung, RungReferences> references_;
  std::set<Stage> asked_;
  int dense_missing_ = 0;  // of a single scenario
  // Outcomes of candidates for which other outcomes are still missing.
  std::map<std::tuple<int64_t, Stage, int>, std::vector<std::optional<Outcome>>> incomplete_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_SCENARIOS_H_

// The search as a deterministic state machine: Ask for work and Tell the results, in any order and
// from any number of workers.
//
// The same options and results give the same candidates, whatever the timing: candidate k is bred
// only from candidates numbered at most k - lag, whose results are all known. No I/O, no clock, no
// threads, no LibTorch. Not thread-safe.
#ifndef STRATA_SEARCH_ENGINE_ENGINE_H_
#define STRATA_SEARCH_ENGINE_ENGINE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/allocation.h"
#include "expr/baselines.h"
#include "search/engine/ladder.h"
#include "search/engine/scenario.h"
#include "search/engine/work_item.h"
#include "search/strategy/strategy.h"

namespace strata::search {

// Names of objectives that the engine knows. Every other name is that of a measure that evaluations
// must report (EvaluateOutcome::measures).
inline constexpr char kLoss[] = "loss";
inline constexpr char kComplexity[] = "complexity";
inline constexpr char kZeroShotError[] = "zero_shot_error";

// Settings of each baseline that are measured.
enum class BaselineSettings {
  kAll,  // every published and widened setting
  // The default and two settings spread over the grid. Then one round of tuning: the neighbours of
  // the best setting, for the better half of the baselines.
  kTuned,
};
std::string_view NameOf(BaselineSettings settings);  // "all", "tuned"

// A function that the search begins with besides the baselines: from another run or a file.
struct WarmStart {
  std::string name;
  expr::Expression expression;
};

struct EngineOptions {
  uint64_t seed = 1;
  expr::AllocationTarget target;
  // Further models, texts and targets. If there are any, every candidate is measured in all of
  // them.
  RobustOptions robust;
  // Tried first: the published default of each baseline, then further settings.
  std::vector<expr::Baseline> baselines;
  BaselineSettings baseline_settings = BaselineSettings::kAll;
  std::vector<WarmStart> warm_start;  // after all settings of the baselines
  int random_candidates = 8;          // first ones of the strategy, after the seeds
  StrategyOptions strategy;
  // Objectives to minimise: the loss first, at most kMaximumObjectives, each once. With several
  // scenarios, ScenarioObjectives replaces them.
  std::vector<std::string> objectives = {kLoss, kComplexity};
  // Points of the archive that are closer than this in every measured objective count as one, see
  // epsilon_archive.h.
  double epsilon = 0.001;
  LadderOptions ladder;
  // Candidate k is bred from the results of candidates numbered at most k - lag. Several times the
  // number of workers is a good value: a larger lag keeps more workers busy, but learns later.
  int lag = 8;
  // Maximum number of distinct allocations measured in the search, baselines included; 0: no limit.
  int64_t maximum_evaluations = 200;
  // The search ends after this many distinct allocations in a row leave the archive as it is; 0:
  // never.
  int64_t stagnation_evaluations = 0;
  // Number of candidates measured with the exact protocol, at least 1, besides the best setting of
  // every baseline. They are members of the front, then of the next fronts.
  int finalists = 5;
  // Candidates are simplified (expr::Simplified) before anything sees them: their texts, nodes and
  // features are those of the simplified tree. Baselines keep their published form unless the
  // simplified one has fewer nodes. False only in runs that began before candidates were simplified
  // and are resumed; such runs breed what they would have bred.
  bool simplifies = true;
};

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

// Losses of one scenario with which other losses are compared.
struct ReferenceLosses {
  double dense = 0;    // of the dense model
  double uniform = 0;  // of the same sparsity everywhere
};

// Number of features of all subjects. Those that first candidates and the pool need are requested
// at the beginning.
struct FeatureCounts {
  int64_t requested = 0;
  int64_t settled = 0;  // measured, or failed for good
};

// The phase of a search. kSelecting measures the finalists on Stage::kSelect, and kVerifying those
// that did not fail on Stage::kVerify.
enum class Phase { kSearching, kDraining, kSelecting, kVerifying, kDone };

class Engine {
 public:
  // Errors: InvalidArgument for impossible options or an invalid layout.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const EngineOptions& options,
                                                        const expr::UnitLayout& layout);
  virtual ~Engine() = default;

  // Returns the next work item; each is handed out once. Keeps several work items outstanding.
  virtual Action Ask() = 0;

  // Takes the outcome of a work item that was handed out and has none yet. Errors: InvalidArgument
  // for any other work item, or if the outcome is of another kind.
  virtual absl::Status Tell(int64_t item, const Outcome& outcome) = 0;

  // Ends the search phase at `last_candidate`, by default the last one handed out. Candidates with
  // a larger id are no longer bred; those that were not handed out are dropped, and those that were
  // are awaited. Then the finalists are verified.
  virtual void StopSearch(std::optional<int64_t> last_candidate = std::nullopt) = 0;

  virtual Phase phase() const = 0;
  // Reason why the search phase ended: "evaluations", "stagnation", "nothing new", "stopped"; empty
  // before it ended.
  virtual const std::string& end_reason() const = 0;
  virtual int64_t evaluations() const = 0;  // allocations measured in the search, on any rung
  virtual int64_t last_candidate_handed_out() const = 0;  // -1 before the first
  virtual const std::vector<Candidate>& candidates() const = 0;
  virtual const expr::FeatureTable& features(int subject) const = 0;
  // Returns, by scenario, the losses of the dense model and of uniform sparsities on a stage (for
  // kSearch, on the last rung). Empty for one scenario, of which only DenseLoss is known, and until
  // they are known.
  virtual std::vector<ReferenceLosses> References(Stage stage) const = 0;

  // Returns the ids of the candidates that are new or had a field changed since the last call, each
  // once, in no particular order. Candidates that were dropped meanwhile are left out.
  virtual std::vector<int64_t> TakeChanged() = 0;

  // Returns the ids in the archive of all objectives, by complexity, then loss. The archive takes
  // results in the order of candidates, so it trails behind the known results by at most the
  // outstanding ones.
  virtual std::vector<int64_t> Front() const = 0;
  // Hypervolume of the archive. Its reference point has the losses and measures of the first
  // candidate with a result, one node more than functions may have, and a zero-shot error of 1. It
  // never falls; 0 before the first result.
  virtual double ArchiveHypervolume() const = 0;

  // Returns, for every baseline with a result, the id of its setting with the lowest fitness_nll,
  // in baseline order.
  virtual std::vector<int64_t> BestBaselines() const = 0;

  virtual FeatureCounts feature_counts() const = 0;

  // Returns the loss of the dense model on a stage (for kSearch, on the last rung), measured like
  // the candidates, in the first scenario. nullopt until it is known, and if it could not be
  // measured. It decides nothing in a search of one scenario.
  virtual std::optional<double> DenseLoss(Stage) const { return std::nullopt; }
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_ENGINE_H_

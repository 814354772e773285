// The search as a deterministic state machine: Ask for work, Tell results, in any order and from
// any number of workers.
//
// The same options and results give the same candidates, whatever the timing: candidate k is bred
// only from candidates numbered at most k - lag, all of which have been told. No I/O, no clock, no
// threads, no LibTorch. Not thread-safe.
#ifndef STRATA_SEARCH_ENGINE_H_
#define STRATA_SEARCH_ENGINE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expr/allocation.h"
#include "expr/baselines.h"
#include "search/engine/ladder.h"
#include "search/engine/scenario.h"
#include "search/engine/task.h"
#include "search/strategy/strategy.h"

namespace strata::search {

// Names of objectives that the engine knows; every other name is that of a measure that
// evaluations must tell (EvaluateOutcome::measures).
inline constexpr char kLoss[] = "loss";
inline constexpr char kComplexity[] = "complexity";
inline constexpr char kZeroShotError[] = "zero_shot_error";

// A function to begin with besides the baselines: of another run, or a file.
struct WarmStart {
  std::string name;
  expr::Expression expression;
};

struct EngineOptions {
  uint64_t seed = 1;
  expr::AllocationTarget target;
  // Further models, texts and targets: then every candidate is measured in all of them.
  RobustOptions robust;
  // Seeded first: the published default of each, then all other settings.
  std::vector<expr::Baseline> baselines;
  std::vector<WarmStart> warm_start;  // after all settings of the baselines
  int random_candidates = 8;          // of the strategy's, after the seeds
  StrategyOptions strategy;
  // Minimised; the loss first, at most kMaximumObjectives, each once. ScenarioObjectives says what
  // they become with several scenarios.
  std::vector<std::string> objectives = {kLoss, kComplexity};
  // Points of the archive closer than this in every measured objective are one, see
  // epsilon_archive.h.
  double epsilon = 0.001;
  LadderOptions ladder;
  // Several times the number of workers; larger keeps more workers busy, learns later.
  int lag = 8;
  // Distinct allocations measured in the search, baselines included; 0: no limit.
  int64_t maximum_evaluations = 200;
  // Distinct allocations in a row that leave the archive as it is before the search ends; 0: never.
  int64_t stagnation_evaluations = 0;
  // Candidates measured with the exact protocol besides the best setting of every baseline: members
  // of the front, then of the next fronts; at least 1.
  int finalists = 5;
};

// What one scenario of several gave a candidate.
struct ScenarioResult {
  expr::Allocation allocation = {};
  std::optional<double> fitness_nll = {}, selection_nll = {}, report_nll = {};
  std::optional<double> achieved_sparsity = {};
};

struct Candidate {
  int64_t id = 0;    // 0, 1, 2, ... in breeding order
  std::string text;  // parses back to the expression
  int complexity = 0;
  Lineage lineage;
  std::optional<Forecast> forecast;       // what the strategy expected of fitness_nll
  expr::Allocation allocation;            // empty while unresolved or infeasible; of scenario 0
  std::vector<ScenarioResult> scenarios;  // by scenario; empty where there is one, or no allocation
  std::optional<int64_t> same_as;         // earlier candidate with the same quantised allocations
  std::string failure;                    // infeasible or quarantined, with the reason; else empty
  std::vector<double> level_nll;          // on the levels of the ladder; empty without one
  bool stopped_early = false;             // clearly worse than its rivals: no fitness
  // Told, or copied from same_as. Of several scenarios this and the two below are RelativeLoss.
  std::optional<double> fitness_nll;
  std::vector<double> measures;  // of the objectives that are measures, in their order
  // Exact protocol, fitness split: what chooses among the finalists.
  std::optional<double> selection_nll;
  // Exact protocol, report split: what is reported, used for no choice.
  std::optional<double> report_nll;
  // Of the search measurement, or of the verification once there.
  std::optional<double> achieved_sparsity;
};

// kSelecting: finalists on Rung::kSelect; kVerifying: the same finalists on Rung::kVerify.
// Losses of one scenario that others are measured against.
struct ReferenceLosses {
  double dense = 0;    // nothing pruned
  double uniform = 0;  // the same sparsity everywhere
};

enum class Phase { kSearching, kDraining, kSelecting, kVerifying, kDone };

class Engine {
 public:
  // InvalidArgument for impossible options or an invalid layout.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const EngineOptions& options,
                                                        const expr::UnitLayout& layout);
  virtual ~Engine() = default;

  // Next task, each handed out once. Keeps several tasks outstanding.
  virtual Action Ask() = 0;

  // Result of a task handed out and not yet told. InvalidArgument otherwise, or when the outcome is
  // of another kind.
  virtual absl::Status Tell(int64_t task, const Outcome& outcome) = 0;

  // Ends the search phase: nothing more is bred, candidates with an id above `last_candidate` that
  // were not handed out are dropped, those handed out are awaited, then the finalists are verified.
  // Default: the last one handed out.
  virtual void StopSearch(std::optional<int64_t> last_candidate = std::nullopt) = 0;

  virtual Phase phase() const = 0;
  // Why the search phase ended: "evaluations", "stagnation", "nothing new", "stopped"; empty
  // before.
  virtual const std::string& end_reason() const = 0;
  virtual int64_t evaluations() const = 0;  // allocations told of in the search, on any level
  virtual int64_t last_candidate_handed_out() const = 0;  // -1 before the first
  virtual const std::vector<Candidate>& candidates() const = 0;
  virtual const expr::FeatureTable& features(int subject) const = 0;
  // Losses of the dense model and of uniform sparsities on a rung (of kSearch, the last level), by
  // scenario. Empty for one scenario and while they are not known.
  virtual std::vector<ReferenceLosses> References(Rung rung) const = 0;

  // Ids of the candidates that are new or of which a field changed since the last call, each once,
  // in no order; without those that were dropped meanwhile.
  virtual std::vector<int64_t> TakeChanged() = 0;

  // Ids of the archive of all objectives, by complexity, then loss. It takes results in the order
  // of candidates, so it trails behind what was told by at most what is outstanding.
  virtual std::vector<int64_t> Front() const = 0;
  // Of the archive, up to the losses and measures of the first candidate with a result, one node
  // more than functions may have, and a zero-shot error of 1; never falls. 0 before.
  virtual double ArchiveHypervolume() const = 0;

  // For every baseline with a result, the id of its setting with the lowest fitness_nll, in
  // baseline order.
  virtual std::vector<int64_t> BestBaselines() const = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_H_

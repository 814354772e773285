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
#include <variant>
#include <vector>

#include "expr/allocation.h"
#include "expr/baselines.h"
#include "expr/variation.h"

namespace strata::search {

struct EngineOptions {
  uint64_t seed = 1;
  expr::AllocationTarget target;
  // Seeded first: the published default of each, then all other settings.
  std::vector<expr::Baseline> baselines;
  int random_candidates = 8;  // random trees after the baselines
  // Parents are drawn from the best this many, by NSGA-II rank and crowding.
  int population = 24;
  // Several times the number of workers; larger keeps more workers busy, learns later.
  int lag = 8;
  // Distinct allocations measured in the search, baselines included; 0: no limit.
  int64_t maximum_evaluations = 200;
  // Candidates measured with the exact protocol besides the best setting of every baseline: members
  // of the front, then of the next fronts; at least 1.
  int finalists = 5;
  expr::VariationOptions variation;
};

// What a candidate was bred from.
struct Lineage {
  std::string origin;            // "baseline", "random", "crossover", "mutation"
  std::string name;              // a baseline's name and settings, else empty
  std::vector<int64_t> parents;  // candidate ids
};

struct Candidate {
  int64_t id = 0;  // 0, 1, 2, ... in breeding order
  expr::Expression expression;
  std::string text;
  int complexity = 0;
  Lineage lineage;
  expr::Allocation allocation;        // empty while unresolved or infeasible
  std::optional<int64_t> same_as;     // earlier candidate with the same quantised allocation
  std::string failure;                // infeasible or quarantined, with the reason; else empty
  std::optional<double> fitness_nll;  // told, or copied from same_as
  // Exact protocol, fitness split: what chooses among the finalists.
  std::optional<double> selection_nll;
  // Exact protocol, report split: what is reported, used for no choice.
  std::optional<double> report_nll;
  // Of the search measurement, or of the verification once there.
  std::optional<double> achieved_sparsity;
};

// Which of the run's three fidelities an evaluation uses; what they mean is the caller's business.
// Every finalist is measured on kSelect and then on kVerify.
enum class Rung { kSearch, kSelect, kVerify };

struct ProfileTask {
  std::vector<std::string> features;
};
struct EvaluateTask {
  int64_t candidate = 0;
  Rung rung = Rung::kSearch;
  expr::Allocation allocation;
};
struct Wait {};  // nothing to hand out until something is told
struct Done {};  // the search is over and verified
struct Task {
  int64_t id = 0;  // unique within the engine; what Tell refers to
  std::variant<ProfileTask, EvaluateTask> work;
};
using Action = std::variant<Task, Wait, Done>;

struct ProfileOutcome {
  std::vector<std::vector<double>> values;  // per feature of the task, one number per unit
};
struct EvaluateOutcome {
  double mean_nll = 0;
  double achieved_sparsity = 0;
};
// The task failed for good; its candidate is quarantined (a result, not an error).
struct FailedOutcome {
  std::string reason;
};
using Outcome = std::variant<ProfileOutcome, EvaluateOutcome, FailedOutcome>;

// kSelecting: finalists on Rung::kSelect; kVerifying: the same finalists on Rung::kVerify.
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
  virtual int64_t evaluations() const = 0;  // search-rung results told, duplicates not counted
  virtual int64_t last_candidate_handed_out() const = 0;  // -1 before the first
  virtual const std::vector<Candidate>& candidates() const = 0;
  virtual const expr::FeatureTable& features() const = 0;

  // Ids of the Pareto front of (fitness_nll, complexity), by complexity.
  virtual std::vector<int64_t> Front() const = 0;

  // For every baseline with a result, the id of its setting with the lowest fitness_nll, in
  // baseline order.
  virtual std::vector<int64_t> BestBaselines() const = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_H_

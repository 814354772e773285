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

#include "expr/feature_table.h"
#include "expr/unit_layout.h"
#include "search/engine/candidate.h"
#include "search/engine/engine_options.h"
#include "search/engine/work_item.h"

namespace strata::search {

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

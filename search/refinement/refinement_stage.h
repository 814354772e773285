// The optional stage after a search: the allocation of the best finalist is refined, and the
// refined allocations are measured like finalists. Its results stay apart from those of functions.
#ifndef STRATA_SEARCH_REFINEMENT_REFINEMENT_STAGE_H_
#define STRATA_SEARCH_REFINEMENT_REFINEMENT_STAGE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "search/engine/work_item.h"
#include "search/refinement/allocation_search.h"
#include "search/refinement/refinement_options.h"

namespace strata::search {

// Number of refined allocations, those with the lowest losses, that are measured for selection
// besides the start. The one with the lowest selection loss is the result.
inline constexpr int kRefinedFinalists = 3;

// An allocation of the refinement with its measurements.
struct RefinedResult {
  int64_t id = 0;       // 0 is the start
  int64_t parent = -1;  // best allocation when this was proposed
  expr::Allocation allocation;
  std::string failure;                  // of any measurement
  std::optional<double> nll;            // on the last rung of Stage::kRefine
  std::optional<double> selection_nll;  // as for a candidate
  std::optional<double> report_nll;
  std::optional<double> achieved_sparsity;

  friend bool operator==(const RefinedResult&, const RefinedResult&) = default;
};

// Measures every allocation on Stage::kRefine, and on kSlope if the refinement descends; the start
// and the best kRefinedFinalists on kSelect; and the start and the one with the lowest selection
// loss on kVerify. Deterministic like AllocationSearch. Not thread-safe.
class RefinementStage {
 public:
  // Errors: those of Create of the method's AllocationSearch.
  static absl::StatusOr<std::unique_ptr<RefinementStage>> Create(const RefinementOptions& options,
                                                                 const expr::UnitLayout& layout,
                                                                 const expr::Allocation& start);

  // Returns the next measurement; each is handed out once. `candidate` is the id of a result.
  // nullopt while earlier results are needed first, and when done.
  std::optional<EvaluateWork> Ask();

  // Takes the outcome of a work item that was handed out and has none yet. Errors: InvalidArgument
  // for any other work item. A loss that is not finite is a failure.
  absl::Status Tell(const EvaluateWork& item, const Outcome& outcome);

  bool done() const { return stage_ == Stage::kVerify && queue_.empty() && outstanding_.empty(); }
  Stage stage() const { return stage_; }  // stage that is being measured
  const std::vector<RefinedResult>& results() const { return results_; }
  int64_t slopes_measured() const { return search_->slopes_measured(); }
  const std::string& slope_failure() const { return search_->slope_failure(); }
  // Returns the id of the result with the lowest selection loss (the first of equals); nullopt
  // before one is known.
  std::optional<int64_t> best() const;

 private:
  explicit RefinementStage(std::unique_ptr<AllocationSearch> search) : search_(std::move(search)) {}
  void Advance();
  std::vector<int64_t> Finalists() const;

  const std::unique_ptr<AllocationSearch> search_;
  Stage stage_ = Stage::kRefine;
  std::vector<RefinedResult> results_;
  std::vector<int64_t> queue_;  // ids for kSelect and kVerify, the next one last
  std::set<std::tuple<Stage, int, int64_t>> outstanding_;  // stage, rung, id
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_REFINEMENT_STAGE_H_

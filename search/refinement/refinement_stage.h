// What follows a search where it is asked for: the allocation of the best finalist is refined, and
// what came of it is measured as finalists are. Its results stay apart from the functions'.
#ifndef STRATA_SEARCH_REFINEMENT_STAGE_H_
#define STRATA_SEARCH_REFINEMENT_STAGE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "search/engine/task.h"
#include "search/refinement/refinement.h"

namespace strata::search {

// Of this many refined allocations with the lowest losses, the one with the lowest selection loss
// is the result.
inline constexpr int kRefinedFinalists = 3;

// An allocation of the refinement, and what was measured of it.
struct RefinedResult {
  int64_t id = 0;       // 0 is the start
  int64_t parent = -1;  // the best when it was proposed
  expr::Allocation allocation;
  std::string failure;                  // of any measurement
  std::optional<double> nll;            // Rung::kRefine
  std::optional<double> selection_nll;  // as a candidate's
  std::optional<double> report_nll;
  std::optional<double> achieved_sparsity;

  friend bool operator==(const RefinedResult&, const RefinedResult&) = default;
};

// Rung::kRefine for every allocation, and kSlope where it descends; kSelect for the start and the
// best kRefinedFinalists; kVerify for the start and the one of the lowest selection loss.
// Deterministic as Refinement is. Not thread-safe.
class RefinementStage {
 public:
  // Errors of Refinement::Create.
  static absl::StatusOr<std::unique_ptr<RefinementStage>> Create(const RefinementOptions& options,
                                                                 const expr::UnitLayout& layout,
                                                                 const expr::Allocation& start);

  // The next measurement, each handed out once; `candidate` is the id of a result. Nothing while
  // earlier ones must be told first, and when done.
  std::optional<EvaluateTask> Ask();

  // Of a task handed out and not told yet: InvalidArgument otherwise. A loss that is not finite is
  // a failure.
  absl::Status Tell(const EvaluateTask& task, const Outcome& outcome);

  bool done() const { return rung_ == Rung::kVerify && queue_.empty() && outstanding_.empty(); }
  Rung rung() const { return rung_; }  // that is being measured
  const std::vector<RefinedResult>& results() const { return results_; }
  int64_t slopes_measured() const { return refinement_->slopes_measured(); }
  const std::string& slope_failure() const { return refinement_->slope_failure(); }
  // The id of the lowest selection loss, the first of equals; nothing before one is known.
  std::optional<int64_t> best() const;

 private:
  explicit RefinementStage(std::unique_ptr<Refinement> refinement)
      : refinement_(std::move(refinement)) {}
  void Advance();
  std::vector<int64_t> Finalists() const;

  const std::unique_ptr<Refinement> refinement_;
  Rung rung_ = Rung::kRefine;
  std::vector<RefinedResult> results_;
  std::vector<int64_t> queue_;  // of kSelect and kVerify, the next one last
  std::set<std::pair<Rung, int64_t>> outstanding_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_STAGE_H_

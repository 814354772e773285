// Local search on an allocation itself, after the search for a function: what a closed form leaves
// on the table. A deterministic state machine like the engine: Ask for allocations to measure, Tell
// their losses, in any order and from any number of workers.
//
// Where slopes of the loss can be had, it descends along them first: slopes at the best allocation,
// a line of steps against them, again from the best of these. When steps give nothing more,
// switches follow. A proposal is then the best allocation known with a few level switches: one slab
// of units is given up to `largest_step` of sparsity and another one loses as many zeros, so that
// the budget stays (EvoPress, O. Sieberling et al., arXiv 2410.14649, section 3, where slabs are
// single units). A Gaussian process of the losses so far chooses among many such proposals.
#ifndef STRATA_SEARCH_REFINEMENT_H_
#define STRATA_SEARCH_REFINEMENT_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_layout.h"
#include "expr/variation.h"
#include "search/refinement/slope_descent.h"
#include "search/strategy/surrogate.h"
#include "search/strategy/unit_slabs.h"

namespace strata::search {

struct RefinementOptions {
  uint64_t seed = 1;
  expr::AllocationTarget target;  // bounds, and the group whose multiples sparsities must be
  int64_t evaluations = 100;      // of allocations, the start included, and of slopes
  bool slopes = false;            // to be had
  // Proposal k is made from what proposals numbered at most k - lag gave: several times the number
  // of workers.
  int lag = 4;
  // The larger of the two changes of sparsity of a switch; log-uniform between the two.
  double smallest_step = 0.003;
  double largest_step = 0.1;
  int maximum_switches = 3;  // of a proposal: 1 ... this many, fewer more often
  // Proposals that are ranked for each one that is measured, and the share measured without.
  int proposals = 128;
  double unranked_share = 0.2;
};

// InvalidArgument for impossible options, an invalid layout, or one of a single unit.
absl::Status ValidateRefinement(const RefinementOptions& options, const expr::UnitLayout& layout);

struct RefinedAllocation {
  int64_t id = 0;       // 0 is the start
  int64_t parent = -1;  // the best when it was proposed
  expr::Allocation allocation;
  std::optional<double> nll;  // told
  std::string failure;        // told; such a one is never a parent
};

// What to measure of an allocation.
struct RefinementRequest {
  int64_t id = 0;
  bool slopes = false;  // else the loss

  friend bool operator==(const RefinementRequest&, const RefinementRequest&) = default;
};

class Refinement {
 public:
  // Errors of ValidateRefinement, and InvalidArgument for a start that does not fit the layout, the
  // bounds or the group.
  static absl::StatusOr<std::unique_ptr<Refinement>> Create(const RefinementOptions& options,
                                                            const expr::UnitLayout& layout,
                                                            const expr::Allocation& start);

  // The next measurement, each handed out once; nothing while earlier ones must be told first, when
  // the evaluations are used up, and when no new switch is found.
  std::optional<RefinementRequest> Ask();

  // Of one handed out and not told yet: InvalidArgument otherwise, for a loss that is not finite,
  // and for slopes that are not one finite number per unit.
  absl::Status Tell(int64_t id, double nll);
  absl::Status TellSlopes(int64_t id, const std::vector<double>& slopes);
  absl::Status TellFailure(const RefinementRequest& request, const std::string& reason);

  // All that will be handed out has been told.
  bool done() const;

  const std::vector<RefinedAllocation>& allocations() const { return allocations_; }
  // The id of the lowest loss told (the first of equals); nothing before one was.
  std::optional<int64_t> best() const;

  int64_t slopes_measured() const { return slopes_measured_; }
  // Why slopes could not be measured, after which there were switches only; empty if they could.
  const std::string& slope_failure() const { return slope_failure_; }

 private:
  Refinement(const RefinementOptions& options, const expr::UnitLayout& layout,
             const expr::Allocation& start);
  absl::Status CheckOutstanding(int64_t id) const;
  absl::Status CheckOutstandingSlopes(int64_t id) const;
  bool IsSpent() const;
  bool Descends() const;
  // While it descends: what to measure next, once all that was handed out is told.
  std::optional<RefinementRequest> AskDescent();
  bool AddLine();
  void EndLine();
  void Add(expr::Allocation allocation);
  // Takes in what proposals up to `last` gave.
  void LearnUpTo(int64_t last);
  bool Propose();
  std::optional<expr::Allocation> Switched(const expr::Allocation& from);
  bool Switch(expr::Allocation& allocation);
  bool SwitchOnGrid(expr::Allocation& allocation);
  double Step();

  const RefinementOptions options_;
  const std::vector<int64_t> parameters_;
  const double mean_parameters_;
  const UnitSlabs slabs_;
  std::unique_ptr<expr::RandomGenerator> random_;
  Surrogate surrogate_;
  SlopeDescent descent_;
  bool descends_;
  std::vector<double> slopes_;           // at parent_; empty: not known
  std::optional<int64_t> slopes_asked_;  // at this one, and not told
  int64_t slopes_measured_ = 0;          // or failed
  std::string slope_failure_;
  std::map<int64_t, double> line_;  // being measured: the steps' lengths by id
  std::vector<RefinedAllocation> allocations_;
  std::unordered_set<std::string> seen_;  // quantised keys
  int64_t handed_out_ = 0;
  int64_t told_ = 0;
  int64_t learned_ = 0;  // allocations below are known to proposals
  int64_t parent_ = 0;   // best of the learned
  bool is_exhausted_ = false;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_H_

// Local search on an allocation itself, after the search for a function, to gain what a closed form
// cannot.
//
// If slopes of the loss can be measured, the refinement first descends along them
// (slope_descent.h): it measures slopes at the best allocation and a line of steps against them,
// and begins again from the best of these. When steps give no further gain, switches follow
// (switch_proposals.h): a proposal is the best allocation known with a few switches.
#ifndef STRATA_SEARCH_REFINEMENT_REFINEMENT_H_
#define STRATA_SEARCH_REFINEMENT_REFINEMENT_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_layout.h"
#include "search/refinement/allocation_search.h"
#include "search/refinement/refinement_options.h"
#include "search/refinement/slope_descent.h"
#include "search/refinement/switch_proposals.h"

namespace strata::search {

class Refinement final : public AllocationSearch {
 public:
  // Errors: those of ValidateRefinement and ValidateStart.
  static absl::StatusOr<std::unique_ptr<Refinement>> Create(const RefinementOptions& options,
                                                            const expr::UnitLayout& layout,
                                                            const expr::Allocation& start);

  // nullopt also when no new switch is found.
  std::optional<RefinementRequest> Ask() override;
  absl::Status Tell(int64_t id, double nll) override;
  absl::Status TellSlopes(int64_t id, const std::vector<double>& slopes) override;
  absl::Status TellFailure(const RefinementRequest& request, const std::string& reason) override;
  bool done() const override;
  const std::vector<RefinedAllocation>& allocations() const override { return allocations_; }
  int last_rung() const override { return 0; }
  // Returns the id of the allocation with the lowest loss (the first of equals); nullopt before the
  // first loss.
  std::optional<int64_t> best() const;

  int64_t slopes_measured() const override { return descent_.slopes_measured(); }
  // After such a failure, there are only switches.
  const std::string& slope_failure() const override { return descent_.failure(); }

 private:
  Refinement(const RefinementOptions& options, const expr::UnitLayout& layout,
             const expr::Allocation& start);
  bool IsOutstanding(int64_t id) const;
  absl::Status CheckOutstanding(int64_t id) const;
  bool IsSpent() const;
  bool Descends() const;
  // Returns what to measure next in the descent, once the results of all that was handed out are
  // known.
  std::optional<RefinementRequest> AskDescent();
  // Adds the next line of the descent; false if no step leads to a new allocation.
  bool AddLine();
  // Returns the next proposal, once the results that it is made from are known.
  std::optional<RefinementRequest> AskSwitches();
  void Add(expr::Allocation allocation);
  // Learns the results of allocations up to `last`.
  void LearnUpTo(int64_t last);

  const RefinementOptions options_;
  SlopeDescent descent_;
  SwitchProposals switches_;
  std::vector<RefinedAllocation> allocations_;
  std::unordered_set<std::string> seen_;  // quantised keys
  int64_t handed_out_ = 0;
  int64_t told_ = 0;
  int64_t learned_ = 0;  // allocations below are known to proposals
  int64_t parent_ = 0;   // best of those
  bool is_exhausted_ = false;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_REFINEMENT_H_

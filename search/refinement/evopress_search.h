// A direct search of the sparsities as EvoPress does it (O. Sieberling et al., "EvoPress: Accurate
// Dynamic Model Compression via Evolutionary Search", arXiv 2410.14649, section 3, and its program
// evo_prune_search.py), for comparison with what functions and slopes find.
//
// It is a (1 + lambda) evolution of levels. Every generation makes lambda offspring of one parent;
// an offspring is the parent after a few level switches, each of which takes a level of sparsity
// from one unit and gives it to another. The offspring are measured on few windows, the survivors
// on more, and the last of them in full: each number of windows is a rung. The best of these and
// the parent is the next parent.
//
// Two things differ from EvoPress. Windows are spread evenly over the text and not drawn anew, so a
// loss that is known stays known: the parent is not measured again, and no allocation is proposed
// twice. And the evaluations are limited, not the generations.
#ifndef STRATA_SEARCH_REFINEMENT_EVOPRESS_SEARCH_H_
#define STRATA_SEARCH_REFINEMENT_EVOPRESS_SEARCH_H_

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
#include "search/refinement/allocation_search.h"
#include "search/refinement/refinement_options.h"

namespace strata::search {

// Without a group, a level is the same number of weights in every unit, so that a switch between
// any two units keeps the number of zeros. With a group, a level is 1 / group of the unit, and a
// switch moves the fewest zeros that are whole levels of both units. Levels are counted from the
// start.
class EvoPressSearch final : public AllocationSearch {
 public:
  // Errors: those of ValidateRefinement and ValidateStart.
  static absl::StatusOr<std::unique_ptr<EvoPressSearch>> Create(const RefinementOptions& options,
                                                                const expr::UnitLayout& layout,
                                                                const expr::Allocation& start);

  std::optional<RefinementRequest> Ask() override;
  absl::Status Tell(int64_t id, double nll) override;
  // Errors: InvalidArgument, because slopes are never asked for.
  absl::Status TellSlopes(int64_t id, const std::vector<double>& slopes) override;
  absl::Status TellFailure(const RefinementRequest& request, const std::string& reason) override;
  bool done() const override { return is_over_ && outstanding_.empty() && is_start_handed_out_; }
  const std::vector<RefinedAllocation>& allocations() const override { return allocations_; }
  int last_rung() const override { return static_cast<int>(options_.evopress.rungs.size()); }
  int64_t slopes_measured() const override { return 0; }
  const std::string& slope_failure() const override { return no_failure_; }

  int64_t generations() const { return generations_; }  // begun
  int64_t parent() const { return parent_; }
  // Returns the number of windows of the measurements handed out so far. It never exceeds
  // RefinementOptions::evaluations times those of a full measurement.
  int64_t windows_handed_out() const { return windows_handed_out_; }

 private:
  using Levels = std::vector<int>;  // of every unit, relative to the start

  EvoPressSearch(const RefinementOptions& options, const expr::UnitLayout& layout,
                 const expr::Allocation& start);
  int64_t WindowsOf(int rung) const;
  // Returns the windows of a generation in which nothing fails.
  int64_t WindowsOfGeneration(int offspring) const;
  // Returns the outstanding measurement of an allocation.
  absl::StatusOr<int> OutstandingRung(int64_t id) const;
  // Does everything that needs no further result.
  void Advance();
  void BeginGeneration();
  // Returns the survivors of the rung that is complete, the best first.
  std::vector<int64_t> Survivors() const;
  void ChooseParent();
  std::optional<Levels> Offspring();
  bool Switch(Levels& levels);
  bool HasRoom(const Levels& levels, size_t unit, int change) const;
  expr::Allocation AllocationOf(const Levels& levels) const;
  double SparsityAt(size_t unit, int level) const;

  const RefinementOptions options_;
  const std::vector<int64_t> parameters_;
  const int64_t level_weights_;  // without a group
  const std::string no_failure_;
  std::unique_ptr<expr::RandomGenerator> random_;
  std::vector<RefinedAllocation> allocations_;
  std::unordered_set<std::string> seen_;  // quantised keys
  int64_t parent_ = 0;
  Levels parent_levels_;
  std::map<int64_t, Levels> levels_;  // of this generation's offspring
  int rung_ = 0;                      // that is being measured
  std::vector<int64_t> entrants_;     // to that rung
  size_t next_entrant_ = 0;
  std::map<int64_t, double> losses_;    // of entrants, on that rung
  std::map<int64_t, int> outstanding_;  // rungs, by allocation
  bool is_start_handed_out_ = false;
  bool is_over_ = false;  // no further generation
  int64_t windows_handed_out_ = 0;
  int64_t generations_ = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_EVOPRESS_SEARCH_H_

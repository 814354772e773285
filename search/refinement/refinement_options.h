// Settings of a refinement.
#ifndef STRATA_SEARCH_REFINEMENT_REFINEMENT_OPTIONS_H_
#define STRATA_SEARCH_REFINEMENT_REFINEMENT_OPTIONS_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_layout.h"

namespace strata::search {

// Where a refinement begins.
enum class RefinementStart {
  kBest,      // the finalist with the lowest selection loss
  kBaseline,  // the baseline with the lowest selection loss
  kUniform,   // the target sparsity everywhere
};
std::string_view NameOf(RefinementStart value);  // "best", "baseline", "uniform"; else ""

enum class RefinementMethod {
  kDescent,   // refinement.h
  kEvoPress,  // evopress_search.h
};
std::string_view NameOf(RefinementMethod value);  // "descent", "evopress"; else ""

// A measurement of a generation on fewer windows than the full one.
struct EvoPressRung {
  int64_t windows = 1;
  int survivors = 1;  // number of allocations that go on to the next rung

  friend bool operator==(const EvoPressRung&, const EvoPressRung&) = default;
};

// The defaults are those of EvoPress' prune.py and run_prune_search.sh.
struct EvoPressOptions {
  int offspring = 64;  // per generation
  // Number of levels that a unit may move away from the start, in each direction.
  int levels = 8;
  // Weights of a level, as a share of those of the unit of median size. 0: half of
  // min(sparsity, density) / levels. With a group it must be 0, for a level is 1 / group of a unit.
  double level_step = 0;
  // Rungs before the full measurement, with rising windows and no more survivors than before.
  std::vector<EvoPressRung> rungs;
  int64_t windows = 1;  // of the full measurement; more than those of all rungs
};

struct RefinementOptions {
  RefinementMethod method = RefinementMethod::kDescent;
  RefinementStart start = RefinementStart::kBest;
  EvoPressOptions evopress;  // if that is the method, which uses the next three besides
  uint64_t seed = 1;
  expr::AllocationTarget target;  // bounds; sparsities are multiples of 1 / group
  // Losses, the start included, and slopes. For EvoPress, windows count as shares of those of a
  // full measurement.
  int64_t evaluations = 100;
  bool slopes = false;  // true: slopes can be measured
  // Proposal k is made from the results of proposals numbered at most k - lag. Several times the
  // number of workers is a good value.
  int lag = 4;
  // Bounds of the larger of the two changes of sparsity in a switch, which is log-uniform between
  // them.
  double smallest_step = 0.003;
  double largest_step = 0.1;
  int maximum_switches = 3;  // per proposal: 1 to this many, fewer more often
  // Number of proposals that are ranked for each one that is measured.
  int proposals = 128;
  // Share of the proposals that are measured without ranking.
  double unranked_share = 0.2;
};

// Sparsities that differ by less are equal, in comparisons with bounds and with multiples of
// 1 / group.
inline constexpr double kSparsityTolerance = 1e-9;

// Errors: InvalidArgument for impossible options, an invalid layout, or a layout of a single unit.
absl::Status ValidateRefinement(const RefinementOptions& options, const expr::UnitLayout& layout);

// Checks the allocation that a refinement begins with. `options` must be valid. Errors:
// InvalidArgument for a start that does not fit the layout, the bounds or the group.
absl::Status ValidateStart(const RefinementOptions& options, const expr::UnitLayout& layout,
                           const expr::Allocation& start);

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_REFINEMENT_OPTIONS_H_

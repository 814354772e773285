// The interface of searches for a better allocation: slope descent with switches (refinement.h) and
// EvoPress' evolution of levels (evopress_search.h).
#ifndef STRATA_SEARCH_REFINEMENT_ALLOCATION_SEARCH_H_
#define STRATA_SEARCH_REFINEMENT_ALLOCATION_SEARCH_H_

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "expr/allocation.h"

namespace strata::search {

struct RefinedAllocation {
  int64_t id = 0;       // 0 is the start
  int64_t parent = -1;  // best allocation when this was proposed
  expr::Allocation allocation;
  std::optional<double> nll;  // on the last rung; unset until it is measured there
  std::string failure;        // why it has no loss; except for the start, then never a parent
};

// A measurement of an allocation.
struct RefinementRequest {
  int64_t id = 0;
  bool slopes = false;  // true: slopes; false: the loss
  int rung = 0;         // of a loss: from 0 to last_rung()

  friend bool operator==(const RefinementRequest&, const RefinementRequest&) = default;
};

// A deterministic state machine like the engine: Ask for measurements and Tell their results, in
// any order and from any number of workers. Not thread-safe.
class AllocationSearch {
 public:
  virtual ~AllocationSearch() = default;

  // Returns the next measurement; each is handed out once, and an allocation's number is one more
  // than that of the allocation handed out for the first time before it. nullopt while earlier
  // results are needed first, and when nothing is left to measure.
  virtual std::optional<RefinementRequest> Ask() = 0;

  // Take the result of a measurement that was handed out and has none yet. Errors: InvalidArgument
  // for any other measurement, for a loss that is not finite, and for slopes that are not one
  // finite number per unit.
  virtual absl::Status Tell(int64_t id, double nll) = 0;
  virtual absl::Status TellSlopes(int64_t id, const std::vector<double>& slopes) = 0;
  virtual absl::Status TellFailure(const RefinementRequest& request, const std::string& reason) = 0;

  // Returns true if nothing more will be handed out and all results are known.
  virtual bool done() const = 0;

  virtual const std::vector<RefinedAllocation>& allocations() const = 0;

  // Rungs are measurements of a loss, cheapest first; the last one is the full measurement.
  virtual int last_rung() const = 0;

  virtual int64_t slopes_measured() const = 0;
  // Returns why slopes could not be measured; empty if they could, and if none are wanted.
  virtual const std::string& slope_failure() const = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_ALLOCATION_SEARCH_H_

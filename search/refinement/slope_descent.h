// Steepest descent on allocations: the slopes of the loss at one allocation lead to others that
// promise a lower loss and keep the budget. The lengths of the steps follow the results of earlier
// ones.
#ifndef STRATA_SEARCH_REFINEMENT_SLOPE_DESCENT_H_
#define STRATA_SEARCH_REFINEMENT_SLOPE_DESCENT_H_

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "expr/allocation.h"

namespace strata::search {

// A descent repeats two measurements: the slopes at the best allocation so far (AskSlopes and
// TellSlopes), and the losses of a line of steps from there (Line, Begin and EndLine). A line
// without gain is followed by a shorter one with the same slopes. The caller numbers allocations
// and measures losses. Deterministic. Not thread-safe.
class SlopeDescent {
 public:
  // `parameters` has the number of weights per unit. `target` must be valid.
  SlopeDescent(std::vector<int64_t> parameters, const expr::AllocationTarget& target);

  // True if short steps gave no gain either, if slopes could not be measured, and after End.
  bool is_over() const { return is_ended_ || length_ < kShortest; }
  void End() { is_ended_ = true; }

  // Slopes are known at the allocation where the next line begins.
  bool has_slopes() const { return !slopes_.empty(); }
  // Begins the measurement of slopes at an allocation.
  void AskSlopes(int64_t id) { asked_ = id; }
  bool awaits_slopes() const { return asked_.has_value(); }
  // Takes the derivatives of the loss by the units' sparsities. Errors: InvalidArgument if they are
  // not being measured at that allocation, and for slopes that are not one finite number per unit.
  absl::Status TellSlopes(int64_t id, const std::vector<double>& slopes);
  // Ends the descent. Errors: InvalidArgument if slopes are not being measured at that allocation.
  absl::Status TellFailure(int64_t id, const std::string& reason);
  int64_t slopes_measured() const { return measured_; }  // failures included
  // Returns why slopes could not be measured; empty if they could.
  const std::string& failure() const { return failure_; }

  struct Step {
    double length = 0;  // parameter-weighted mean change of sparsity, before bounds
    expr::Allocation allocation;
  };

  // Returns steps of four lengths from the allocation with the known slopes, the longest first.
  // Requires has_slopes(). Steps are those of expr::DescentStep. With a group, steps that reach no
  // allocation are left out.
  std::vector<Step> Line(const expr::Allocation& from) const;
  // Makes a step part of the line that is being measured, as the allocation `id`.
  void Begin(int64_t id, double length) { line_[id] = length; }
  bool is_on_line() const { return !line_.empty(); }
  // Ends the line. `best` is the allocation with the lowest loss so far. If it is a step of the
  // line, slopes must be measured there; else the next line is shorter.
  void EndLine(int64_t best);

 private:
  static constexpr double kShortest = 1e-3;

  absl::Status CheckAsked(int64_t id) const;

  const std::vector<int64_t> parameters_;
  const expr::AllocationTarget target_;
  bool is_ended_ = false;
  double length_ = 0.03;          // length of a step that is expected to be best
  std::vector<double> slopes_;    // empty: not known
  std::optional<int64_t> asked_;  // allocation at which slopes are being measured
  int64_t measured_ = 0;
  std::string failure_;
  std::map<int64_t, double> line_;  // lengths of the steps being measured, by id
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_SLOPE_DESCENT_H_

// Progress line of one long piece of work, for the person who watches it.
#ifndef STRATA_CLI_SHARED_WORK_PROGRESS_H_
#define STRATA_CLI_SHARED_WORK_PROGRESS_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/shared/progress_line.h"

namespace strata::cli {

// Returns "2:05" for 125 seconds. Fractions of a second are dropped.
std::string DurationText(double seconds);

// Returns the parts of a line such as "37.5 % | 3:12 left | solving". `elapsed_seconds` is the time
// spent between `first_fraction`, which an earlier sitting may have reached, and `fraction`.
// `work`, which may hold paths, comes last, so that a narrow terminal still shows the numbers.
std::vector<std::string> WorkProgressParts(const std::string& work, double first_fraction,
                                           double fraction, double elapsed_seconds);

class WorkProgress {
 public:
  explicit WorkProgress(std::string work);

  // Prints as ProgressLine does. The first call gives the fraction at which the work begins.
  void Show(double fraction);

  // Leaves the cursor at the start of a fresh line.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;

  std::string work_;
  ProgressLine line_;
  double first_fraction_ = 0;
  std::optional<Clock::time_point> start_;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_WORK_PROGRESS_H_

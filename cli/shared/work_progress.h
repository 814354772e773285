// Progress line of one long piece of work, for the person who watches it.
#ifndef STRATA_CLI_SHARED_WORK_PROGRESS_H_
#define STRATA_CLI_SHARED_WORK_PROGRESS_H_

#include <chrono>
#include <optional>
#include <string>

namespace strata::cli {

// Returns "2:05" for 125 seconds. Fractions of a second are dropped.
std::string DurationText(double seconds);

// Returns a line such as "solving 37.5 % | 3:12 left". `elapsed_seconds` is the time spent between
// `first_fraction`, which an earlier sitting may have reached, and `fraction`.
std::string WorkProgressLine(const std::string& work, double first_fraction, double fraction,
                             double elapsed_seconds);

class WorkProgress {
 public:
  explicit WorkProgress(std::string work);

  // Prints to standard error. On a terminal it rewrites one line; otherwise it prints a line every
  // ten seconds. The first call gives the fraction at which the work begins.
  void Show(double fraction);

  // Leaves the cursor at the start of a fresh line.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;

  std::string work_;
  bool terminal_;
  double first_fraction_ = 0;
  std::optional<Clock::time_point> start_;
  std::optional<Clock::time_point> last_shown_;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_WORK_PROGRESS_H_

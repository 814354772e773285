// The line a person watches while one long piece of work is done.
#ifndef STRATA_CLI_WORK_PROGRESS_H_
#define STRATA_CLI_WORK_PROGRESS_H_

#include <chrono>
#include <optional>
#include <string>

namespace strata::cli {

// "2:05" for 125 seconds; a part of a second counts as none.
std::string DurationText(double seconds);

// "solving 37.5 % | 3:12 left", where `elapsed_seconds` were spent on the way from
// `first_fraction`, which an earlier sitting may have reached, to `fraction`.
std::string WorkProgressLine(const std::string& work, double first_fraction, double fraction,
                             double elapsed_seconds);

class WorkProgress {
 public:
  explicit WorkProgress(std::string work);

  // Prints to standard error: rewrites one line on a terminal, else a line every ten seconds. The
  // first call says where the work begins.
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

#endif  // STRATA_CLI_WORK_PROGRESS_H_

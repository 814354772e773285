// What a person watches while a verb works: the share done and the time left.
#ifndef STRATA_CLI_PROGRESS_LINE_H_
#define STRATA_CLI_PROGRESS_LINE_H_

#include <chrono>
#include <optional>
#include <string>

namespace strata::cli {

// "2:05" for 125 seconds.
std::string DurationText(double seconds);

class ProgressLine {
 public:
  // `doing` begins the line: "pruning".
  explicit ProgressLine(std::string doing);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Prints to standard error: rewrites one line on a terminal, else a line every ten seconds.
  void Show(double fraction);

 private:
  const std::string doing_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point start_;
  std::optional<std::chrono::steady_clock::time_point> last_shown_;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_PROGRESS_LINE_H_

// The one line on which a verb shows how far it is.
#ifndef STRATA_CLI_SHARED_PROGRESS_LINE_H_
#define STRATA_CLI_SHARED_PROGRESS_LINE_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace strata::cli {

// Returns the parts, which are in the order of their importance, with " | " between them. If they
// need more than `columns`, the last ones are left out and "…" stands for them; nullopt: no limit.
std::string ProgressText(const std::vector<std::string>& parts, std::optional<size_t> columns);

// Prints to standard error. On a terminal it repaints one line, at most twice a second, which never
// reaches the last column, because a line that wraps cannot be repainted. Elsewhere it prints a
// whole line every ten seconds.
class ProgressLine {
 public:
  ProgressLine();

  // True if the last line is old enough for another one.
  bool IsDue() const;
  void Show(const std::vector<std::string>& parts);

  // Leaves the cursor at the start of a fresh line.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;

  const bool is_terminal_;
  std::optional<Clock::time_point> last_shown_;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_PROGRESS_LINE_H_

#include "cli/shared/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace strata::cli {

std::optional<size_t> TerminalColumns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

}  // namespace strata::cli

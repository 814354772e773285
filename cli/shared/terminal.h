// The terminal that standard output goes to.
#ifndef STRATA_CLI_SHARED_TERMINAL_H_
#define STRATA_CLI_SHARED_TERMINAL_H_

#include <cstddef>
#include <optional>

namespace strata::cli {

// Returns the width of the terminal in characters; nullopt if standard output is no terminal, or
// one that does not say.
std::optional<size_t> TerminalColumns();

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_TERMINAL_H_

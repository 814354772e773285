// Width of the terminal that a verb prints to.
#ifndef STRATA_CLI_SHARED_TERMINAL_H_
#define STRATA_CLI_SHARED_TERMINAL_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "cli/shared/page.h"

namespace strata::cli {

// Returns the columns of the terminal that `descriptor` writes to: what the terminal says of
// itself, else the environment variable COLUMNS, else 80; at least 20. nullopt if it is no
// terminal.
std::optional<size_t> TerminalColumns(int descriptor);

// Adds `--wide` to a verb that prints tables or long lines.
void AddWideOption(CLI::App* verb, bool* wide);

// Returns the page of standard output. It has no end if `wide` is set or if standard output is no
// terminal: a program that reads it expects one row per line, and a pipe must lose nothing.
Page OutputPage(bool wide);

// Prints `text` to standard output, folded to its page.
void PrintFolded(const std::string& text, const Page& page);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_TERMINAL_H_

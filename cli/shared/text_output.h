// The option -o of verbs that write one text: to standard output or to a file.
#ifndef STRATA_CLI_SHARED_TEXT_OUTPUT_H_
#define STRATA_CLI_SHARED_TEXT_OUTPUT_H_

#include <absl/status/status.h>

#include <CLI/CLI.hpp>
#include <string>

namespace strata::cli {

struct TextOutput {
  std::string path = "-";  // "-": standard output
  bool overwrites = false;
};

// Adds `-o,--output` and `--force`.
void AddTextOutputOptions(CLI::App* subcommand, TextOutput* output);

// To be called before the work. Errors: AlreadyExists if the path is a file or a link, unless it
// may be overwritten. Devices and pipes are written to as they are.
absl::Status CheckTextOutput(const TextOutput& output);

// Writes the text; a file is whole or unchanged. Errors: those of CheckTextOutput and of
// evaluator::WriteFileAtomically.
absl::Status WriteTextOutput(const TextOutput& output, const std::string& text);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_TEXT_OUTPUT_H_

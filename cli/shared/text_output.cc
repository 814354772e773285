#include "cli/shared/text_output.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "evaluator/files/output_file.h"
#include "expr/status_macros.h"

namespace strata::cli {

void AddTextOutputOptions(CLI::App* subcommand, TextOutput* output) {
  subcommand->add_option("-o,--output", output->path, "File to write; - is standard output.")
      ->capture_default_str();
  subcommand->add_flag("--force", output->overwrites, "Write over a file that exists.");
}

absl::Status CheckTextOutput(const TextOutput& output) {
  if (output.path == "-" || output.overwrites) return absl::OkStatus();
  std::error_code ignored;
  const auto type = std::filesystem::symlink_status(output.path, ignored).type();
  if (type == std::filesystem::file_type::regular || type == std::filesystem::file_type::symlink) {
    return absl::AlreadyExistsError(
        fmt::format("'{}' exists: expected a new file, or --force to write over it", output.path));
  }
  return absl::OkStatus();
}

absl::Status WriteTextOutput(const TextOutput& output, const std::string& text) {
  if (output.path == "-") {
    fmt::print("{}", text);
    return absl::OkStatus();
  }
  STRATA_RETURN_IF_ERROR(CheckTextOutput(output));
  return evaluator::WriteFileAtomically(output.path, text);
}

}  // namespace strata::cli

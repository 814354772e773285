// Verbs by the words that name them on the command line.
#ifndef STRATA_CLI_SHARED_VERB_PATH_H_
#define STRATA_CLI_SHARED_VERB_PATH_H_

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/shared/command.h"

namespace strata::cli {

struct VerbPath {
  CLI::App* verb = nullptr;
  std::string name;  // "strata levels build"
  size_t words = 0;  // of the command line that name the verb
};

// Follows `words` from `app` into its verbs and theirs. It stops at the first word that starts with
// '-', and at a verb without verbs of its own. Errors: InvalidArgument for a word that names no
// verb suggests the nearest one.
absl::StatusOr<VerbPath> FindVerb(CLI::App* app, const std::vector<std::string>& words);

// Returns what is wrong with an option that the verb does not have, with the nearest one that it
// has: "unknown option '--formt' of 'strata eval'; the nearest is '--format'".
std::string UnknownOption(const VerbPath& path, const std::string& option);

// Add the verbs `help` and `version`.
void AddHelpCommand(CLI::App* app, Command* command);
void AddVersionCommand(CLI::App* app, Command* command);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_VERB_PATH_H_

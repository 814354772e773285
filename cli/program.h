// Definition of the command line of `strata`: one list of all verbs, for the program and for its
// documentation.
#ifndef STRATA_CLI_PROGRAM_H_
#define STRATA_CLI_PROGRAM_H_

#include <CLI/CLI.hpp>

#include "cli/shared/command.h"

namespace strata::cli {

// Gives `app` its name, its description and all verbs. Parsing sets `*command` to the action of the
// chosen verb. Both must outlive parsing and the action.
void AddCommands(CLI::App* app, Command* command);

}  // namespace strata::cli

#endif  // STRATA_CLI_PROGRAM_H_

// Documentation of the command line, made from its own definitions.
#ifndef STRATA_CLI_SHARED_COMMAND_DOCUMENTATION_H_
#define STRATA_CLI_SHARED_COMMAND_DOCUMENTATION_H_

#include <CLI/CLI.hpp>
#include <string>

namespace strata::cli {

// Returns docs/commands.md: a Markdown page with a list of all verbs and one section per verb, in
// the order in which they were added to `app`. A section gives the verb's description and a table
// of its arguments and options with their values, defaults and meanings. Prose is wrapped at 100
// columns; rows of tables are not. Hidden verbs and options, which have an empty group, are left
// out. The page does not depend on the machine as long as no description or default does.
std::string CommandReference(const CLI::App& app);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_COMMAND_DOCUMENTATION_H_

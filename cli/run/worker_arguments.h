// The command line of a worker that serves a run.
#ifndef STRATA_CLI_RUN_WORKER_ARGUMENTS_H_
#define STRATA_CLI_RUN_WORKER_ARGUMENTS_H_

#include <string>
#include <vector>

#include "cli/config/run_config.h"

namespace strata::cli {

// Returns the program and its arguments, except the name of the worker and its credentials.
std::vector<std::string> WorkerArguments(const RunConfig& config, const std::string& coordinator);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_WORKER_ARGUMENTS_H_

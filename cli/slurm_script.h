// Job scripts for Slurm, as text.
#ifndef STRATA_CLI_SLURM_SCRIPT_H_
#define STRATA_CLI_SLURM_SCRIPT_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace strata::cli {

struct SlurmJob {
  std::string name;
  std::string log;         // Slurm's symbols (%j, %A, %a) may stand in the file name only
  int64_t tasks = 0;       // size of a job array, numbered from 0; 0: a single job
  int64_t processors = 1;  // per task
  // Values in sbatch's own notation. An empty one leaves sbatch's default.
  std::string partition = {}, account = {}, time = {}, memory = {}, gres = {};
  int64_t drain_seconds = 120;               // time from SIGTERM to the time limit
  std::vector<std::string> directives = {};  // further options of sbatch, such as "--qos=long"
  std::vector<std::string> command;
  // Words that the shell expands. They follow the command unquoted.
  std::string last_words = {};
};

// Returns a script for sbatch that runs the command in one task on one node. Slurm sends SIGTERM
// before the time limit and before preemption. The script passes the signal on and waits for the
// command. Then the job goes back into the queue unless it was cancelled. Errors: InvalidArgument
// for a value with a line break, or a quote, backslash or percent sign in the folder of the log,
// because directives cannot hold those.
absl::StatusOr<std::string> SlurmScript(const SlurmJob& job);

}  // namespace strata::cli

#endif  // STRATA_CLI_SLURM_SCRIPT_H_

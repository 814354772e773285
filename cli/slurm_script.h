// Job scripts for Slurm, as text.
#ifndef STRATA_CLI_SLURM_SCRIPT_H_
#define STRATA_CLI_SLURM_SCRIPT_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace strata::cli {

struct SlurmJob {
  std::string name;
  std::string log;         // Slurm's replacement symbols (%j, %A, %a) in the file's name only
  int64_t tasks = 0;       // of an array, numbered from 0; 0: a job of its own
  int64_t processors = 1;  // of one task
  // As sbatch takes them; empty: its defaults.
  std::string partition = {}, account = {}, time = {}, memory = {}, gres = {};
  int64_t drain_seconds = 120;               // SIGTERM comes so long before the time limit
  std::vector<std::string> directives = {};  // further options of sbatch, "--qos=long"
  std::vector<std::string> command;
  // Words that the shell expands, put after the command as they are.
  std::string last_words = {};
};

// A script for sbatch that runs the command in one task of one node. SIGTERM, which Slurm sends
// before the time limit and before preemption, is passed on, the command is waited for, and the job
// goes back into the queue unless it was cancelled. InvalidArgument for a value with a line break,
// or a quote or percent sign in a path, which directives cannot hold.
absl::StatusOr<std::string> SlurmScript(const SlurmJob& job);

}  // namespace strata::cli

#endif  // STRATA_CLI_SLURM_SCRIPT_H_

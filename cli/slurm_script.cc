#include "cli/slurm_script.h"

#include <fmt/format.h>

#include <utility>

#include "cli/shared/command.h"

namespace strata::cli {
namespace {

// The command runs in the background, because a shell that waits for a foreground command runs no
// trap before the command ends. `wait` returns early after the trap has run. Its code is then not
// the command's, even if the command has ended meanwhile. The shell still knows the right code when
// `wait` is called again. A job that Slurm is cancelling or requeueing is no longer RUNNING, but a
// job that nears its time limit is.
constexpr char kBody[] = R"sh(
child=
is_draining=no
drain() {
  is_draining=yes
  is_interrupted=yes
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap drain TERM

COMMAND &
child=$!
[ "$is_draining" = no ] || kill -TERM "$child" 2>/dev/null
is_interrupted=yes
while [ "$is_interrupted" = yes ]; do
  is_interrupted=no
  wait "$child"
  code=$?
done

if [ "$is_draining" = yes ]; then
  # The number of one task of an array is that of the whole array.
  job="${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"
  state="$(squeue --noheader --jobs="$job" --format=%T)"
  if [ "$state" = RUNNING ]; then
    echo "drained before the end of its time: back into the queue"
    scontrol requeue "$job"
  else
    echo "drained, the job is $state: not queued again"
  fi
fi
exit "$code"
)sh";

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

}  // namespace

absl::StatusOr<std::string> SlurmScript(const SlurmJob& job) {
  const size_t slash = job.log.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : job.log.substr(0, slash);
  if (folder.find_first_of("%\"\\") != std::string::npos) {
    return absl::InvalidArgumentError(fmt::format(
        "expected a folder without %, \" and \\, which Slurm reads in its own way, found '{}'",
        folder));
  }
  std::vector<std::string> directives = {
      fmt::format("--job-name={}", job.name),
      fmt::format("--output=\"{}\"", job.log),
      "--open-mode=append",
      "--requeue",
      "--nodes=1",
      "--ntasks=1",
      fmt::format("--cpus-per-task={}", job.processors),
      fmt::format("--signal=B:TERM@{}", job.drain_seconds),
  };
  if (job.tasks > 0) directives.push_back(fmt::format("--array=0-{}", job.tasks - 1));
  for (const auto& [option, value] : {std::pair<const char*, const std::string&>{"gres", job.gres},
                                      {"partition", job.partition},
                                      {"account", job.account},
                                      {"time", job.time},
                                      {"mem", job.memory}}) {
    if (!value.empty()) directives.push_back(fmt::format("--{}={}", option, value));
  }
  directives.insert(directives.end(), job.directives.begin(), job.directives.end());

  std::string script = "#!/bin/bash\n";
  for (const std::string& directive : directives) {
    if (directive.find_first_of("\r\n") != std::string::npos || !directive.starts_with("--")) {
      return absl::InvalidArgumentError(fmt::format(
          "expected an option of sbatch, --NAME=VALUE in one line, found '{}'", directive));
    }
    script += fmt::format("#SBATCH {}\n", directive);
  }
  std::string command;
  for (const std::string& word : job.command) {
    command += (command.empty() ? "" : " ") + ShellQuoted(word);
  }
  if (!job.last_words.empty()) command += " " + job.last_words;
  return script + Replaced(kBody, "COMMAND", command);
}

}  // namespace strata::cli

// `strata launch`: runs a search on a cluster whose engine places and restarts its parts.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/config/run_config.h"
#include "cli/run/worker_arguments.h"
#include "cli/shared/command.h"
#include "cli/slurm_script.h"
#include "evaluator/files/output_file.h"
#include "expr/status_macros.h"
#include "workers/wire/announcement.h"
#include "workers/wire/run_credentials.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

constexpr double kAbsenceSeconds = 7 * 24 * 3600;  // jobs may wait long in a queue

struct SlurmOptions {
  std::string config;
  std::vector<std::string> overrides;
  std::string run;
  std::string folder;
  int64_t workers = 1;
  bool here = false;
  bool submit = false;
  std::string partition, account, time, memory, gres;
  std::string coordinator_partition, coordinator_time, coordinator_memory = "4G";
  int64_t drain_seconds = 120;
  double wait_seconds = 3600;
  std::vector<std::string> directives, coordinator_directives;
};

// Files in the folder of a launch, besides the credentials.
struct LaunchFolder {
  explicit LaunchFolder(const std::string& folder)
      : path(folder),
        config(folder + "/search.yaml"),
        announcement(folder + "/announcement"),
        coordinator_script(folder + "/coordinator.sh"),
        workers_script(folder + "/workers.sh") {}

  std::string path, config, announcement, coordinator_script, workers_script;
};

absl::Status MakeAbsolute(const char* key, std::string* path) {
  if (path->empty()) return absl::OkStatus();
  if (!fs::exists(*path)) {
    return absl::NotFoundError(fmt::format(
        "{}: expected a file or folder that all nodes see, found none at {}", key, *path));
  }
  *path = fs::absolute(*path).lexically_normal();
  return absl::OkStatus();
}

// Returns the configuration of the search as it runs in the cluster.
absl::StatusOr<RunConfig> ClusterConfig(const SlurmOptions& options) {
  auto config = LoadRunConfig(options.config, options.overrides);
  if (!config.ok()) return config;
  if (!options.run.empty()) config->run = options.run;
  STRATA_RETURN_IF_ERROR(ValidateRunConfig(*config));
  for (const auto& [key, value] : {std::pair<const char*, const std::string&>{
                                       "workers.tls_certificate", config->tls_certificate},
                                   {"workers.tls_key", config->tls_key},
                                   {"workers.tls_authority", config->tls_authority},
                                   {"workers.token_file", config->token_file},
                                   {"workers.announcement", config->announcement}}) {
    if (value.empty()) continue;
    return absl::InvalidArgumentError(
        fmt::format("{}: expected nothing, as a launch makes its own, found {}", key, value));
  }
  for (auto [key, path] : {std::pair<const char*, std::string*>{"model", &config->model},
                           {"text", &config->text},
                           {"fitness.levels", &config->fitness_levels}}) {
    STRATA_RETURN_IF_ERROR(MakeAbsolute(key, path));
  }
  for (const auto& [key, paths] :
       {std::pair<const char*, std::vector<std::string>*>{"robust.models", &config->robust_models},
        {"robust.texts", &config->robust_texts},
        {"fitness.tasks", &config->fitness_tasks}}) {
    for (std::string& path : *paths) {
      STRATA_RETURN_IF_ERROR(MakeAbsolute(key, &path));
    }
  }
  for (std::string& start : config->warm_start) {
    if (fs::exists(start)) start = fs::absolute(start).lexically_normal();  // else an expression
  }
  if (!config->worker_banks.empty()) config->worker_banks = fs::absolute(config->worker_banks);
  config->run = fs::absolute(config->run).lexically_normal();
  config->worker_count = 0;
  if (config->listen.empty()) config->listen = "0.0.0.0:0";
  if (!config->origins.contains("workers.absence_seconds")) {
    config->absence_seconds = kAbsenceSeconds;
  }
  return config;
}

struct Scripts {
  std::string coordinator;  // empty if it is no job
  std::string workers;
};

std::vector<std::string> CoordinatorCommand(const LaunchFolder& folder) {
  return {fs::read_symlink("/proc/self/exe"), "search", folder.config, "--resume-or-start"};
}

absl::StatusOr<Scripts> MakeScripts(const SlurmOptions& options, const RunConfig& config,
                                    const LaunchFolder& folder) {
  SlurmJob coordinator = {
      .name = "strata-coordinator",
      .log = folder.path + "/coordinator-%j.log",
      .processors = 1,
      .partition =
          options.coordinator_partition.empty() ? options.partition : options.coordinator_partition,
      .account = options.account,
      .time = options.coordinator_time.empty() ? options.time : options.coordinator_time,
      .memory = options.coordinator_memory,
      .gres = {},
      .drain_seconds = options.drain_seconds,
      .directives = options.coordinator_directives,
      .command = CoordinatorCommand(folder),
      .last_words = {}};
  const workers::RunCredentials credentials(folder.path);
  SlurmJob workers = {.name = "strata-worker",
                      .log = folder.path + "/worker-%A_%a.log",
                      .tasks = options.workers,
                      .processors = config.worker_threads,
                      .partition = options.partition,
                      .account = options.account,
                      .time = options.time,
                      .memory = options.memory,
                      .gres = options.gres,
                      .drain_seconds = options.drain_seconds,
                      .directives = options.directives,
                      .command = WorkerArguments(config, "file:" + folder.announcement),
                      .last_words = R"(--name "$SLURMD_NODENAME-job-${SLURM_JOB_ID}")"};
  workers.command.insert(workers.command.end(),
                         {"--tls-authority", credentials.authority, "--tls-server-name",
                          workers::kCoordinatorName, "--token-file", credentials.worker_token,
                          "--connect-timeout", fmt::format("{}", options.wait_seconds)});
  Scripts scripts;
  if (!options.here) {
    STRATA_ASSIGN_OR_RETURN(auto script, SlurmScript(coordinator));
    scripts.coordinator = std::move(script);
  }
  STRATA_ASSIGN_OR_RETURN(auto script, SlurmScript(workers));
  scripts.workers = std::move(script);
  return scripts;
}

absl::Status WriteScript(const std::string& path, const std::string& script) {
  if (script.empty()) return absl::OkStatus();
  return evaluator::WriteFileAtomically(path, script, 0700);
}

// Removes the old announcement of a run that ended or stopped, because it would send the new
// workers home.
void ForgetOldAnnouncement(const std::string& path) {
  const auto old = workers::ReadAnnouncement(path);
  std::error_code ignored;
  if (old.ok() && old->state != workers::RunState::kServing) fs::remove(path, ignored);
}

// Submits a job and returns the number that sbatch gave it.
absl::StatusOr<std::string> Submit(const std::vector<std::string>& arguments) {
  std::string command = "sbatch --parsable";
  for (const std::string& word : arguments) command += " " + ShellQuoted(word);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return absl::InternalError("cannot start a shell");
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    text.push_back(static_cast<char>(c));
  }
  const std::string job = text.substr(0, text.find_first_of(";\n"));
  if (pclose(pipe) == 0 && !job.empty()) return job;
  return absl::FailedPreconditionError(
      fmt::format("Slurm did not take the job, see above; tried: {}", command));
}

absl::Status SubmitAll(const SlurmOptions& options, const LaunchFolder& folder) {
  std::vector<std::string> arguments = {folder.workers_script};
  if (!options.here) {
    STRATA_ASSIGN_OR_RETURN(const auto coordinator, Submit({folder.coordinator_script}));
    fmt::print("coordinator: job {}\n", coordinator);
    // No worker should wait for a coordinator that is still in the queue.
    arguments.insert(arguments.begin(), "--dependency=after:" + coordinator);
  }
  const auto workers = Submit(arguments);
  if (!workers.ok()) return workers.status();
  fmt::print("{} workers: job {}\n", options.workers, *workers);
  if (!options.here) return absl::OkStatus();
  std::fflush(stdout);
  std::vector<std::string> command = CoordinatorCommand(folder);
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  return absl::InternalError(fmt::format("cannot run {}", command[0]));
}

absl::Status LaunchSlurm(SlurmOptions options) {
  STRATA_ASSIGN_OR_RETURN(auto config, ClusterConfig(options));
  if (options.gres.empty() && config.worker_device != Device::kCpu) options.gres = "gpu:1";
  const LaunchFolder folder(options.folder.empty()
                                ? config.run + ".launch"
                                : fs::absolute(options.folder).lexically_normal().string());
  if (folder.path == config.run || folder.path.starts_with(config.run + "/")) {
    return absl::InvalidArgumentError(fmt::format(
        "--folder: expected one outside the run's, as it holds keys, found {}", folder.path));
  }
  const workers::RunCredentials credentials(folder.path);
  config.tls_certificate = credentials.certificate;
  config.tls_key = credentials.key;
  config.token_file = credentials.tokens;
  config.announcement = folder.announcement;
  STRATA_ASSIGN_OR_RETURN(const auto scripts, MakeScripts(options, config, folder));
  absl::Status status = workers::MakeRunCredentials(folder.path);
  if (!status.ok()) return status;
  status = evaluator::WriteFileAtomically(folder.config, RunConfigToYaml(config));
  status.Update(WriteScript(folder.coordinator_script, scripts.coordinator));
  status.Update(WriteScript(folder.workers_script, scripts.workers));
  if (!status.ok()) return status;
  ForgetOldAnnouncement(folder.announcement);
  if (options.submit) return SubmitAll(options, folder);
  if (options.here) {
    fmt::print("sbatch {}\nstrata search {} --resume-or-start\n",
               ShellQuoted(folder.workers_script), ShellQuoted(folder.config));
  } else {
    fmt::print("coordinator=$(sbatch --parsable {})\nsbatch --dependency=after:$coordinator {}\n",
               ShellQuoted(folder.coordinator_script), ShellQuoted(folder.workers_script));
  }
  return absl::OkStatus();
}

void AddJobOptions(CLI::App* verb, SlurmOptions* options) {
  verb->add_option("--partition", options->partition,
                   "Partition of the jobs. The default is the cluster's.");
  verb->add_option("--account", options->account, "Account that the jobs are charged to.");
  verb->add_option("--time", options->time, "Time limit of a job, for example 4:00:00.");
  verb->add_option("--memory", options->memory,
                   "Memory of one worker (--mem of sbatch), for example 32G.");
  verb->add_option(
      "--gres", options->gres,
      "Devices of one worker. The default is gpu:1, or none if workers.device is cpu.");
  verb->add_option(
          "--sbatch", options->directives,
          "Any other option of sbatch for workers, as in --sbatch=--qos=long; can be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--coordinator-partition", options->coordinator_partition,
                   "Partition of the coordinator. The default is that of the workers.");
  verb->add_option("--coordinator-time", options->coordinator_time,
                   "Time limit of the coordinator. The default is that of the workers.");
  verb->add_option("--coordinator-memory", options->coordinator_memory,
                   "Memory of the coordinator.")
      ->capture_default_str();
  verb->add_option("--coordinator-sbatch", options->coordinator_directives,
                   "Any other option of sbatch for the coordinator; can be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--drain-seconds", options->drain_seconds,
                   "Seconds before its time limit at which a job is told to finish. It is then "
                   "queued again.")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  verb->add_option("--wait-seconds", options->wait_seconds,
                   "Seconds for which a worker waits for an absent coordinator.")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

void AddCredentials(CLI::App* launch, Command* command) {
  auto folder = std::make_shared<std::string>();
  CLI::App* verb = launch->add_subcommand("credentials",
                                          "Writes an authority, a certificate for the coordinator "
                                          "and tokens for one run. Existing files are kept.");
  verb->add_option("folder", *folder, "Private folder, created with mode 700.")->required();
  verb->callback([=] { *command = [=] { return workers::MakeRunCredentials(*folder); }; });
}

void AddSlurm(CLI::App* launch, Command* command) {
  auto options = std::make_shared<SlurmOptions>();
  CLI::App* verb = launch->add_subcommand("slurm",
                                          "Writes the job scripts of a search, with credentials of "
                                          "its own. With --submit, it also submits them.");
  verb->add_option("config", options->config, "Configuration file (YAML).")->required();
  verb->add_option("--set", options->overrides,
                   "KEY=VALUE that overrides the file; can be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--run", options->run, "Folder of the run; overrides the file.");
  verb->add_option("--folder", options->folder,
                   "Folder for scripts, keys, token and logs, which all nodes can read. The "
                   "default is RUN.launch.");
  verb->add_option("--workers", options->workers, "Number of workers: the size of their array job.")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  verb->add_flag("--here", options->here, "Run the coordinator on this machine, not as a job.");
  verb->add_flag("--submit", options->submit, "Submit the jobs.");
  AddJobOptions(verb, options.get());
  verb->callback([=] { *command = [=] { return LaunchSlurm(*options); }; });
}

}  // namespace

void AddLaunchCommand(CLI::App* app, Command* command) {
  CLI::App* launch = app->add_subcommand("launch", "Runs a search on a cluster.");
  launch->require_subcommand(1);
  AddSlurm(launch, command);
  AddCredentials(launch, command);
}

}  // namespace strata::cli

// `strata worker`: serves one coordinator until the run is over.
#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/credential_options.h"
#include "cli/shared/command.h"
#include "evaluator/measurement/model_evaluator_set.h"
#include "evaluator/tasks/zero_shot_scorer.h"
#include "evaluator/tasks/zero_shot_tasks.h"
#include "workers/wire/announcement.h"
#include "workers/worker/evaluation_child.h"
#include "workers/worker/evaluation_process.h"
#include "workers/worker/worker.h"

namespace strata::cli {
namespace {

struct Options {
  workers::WorkerOptions worker;
  CredentialOptions credentials;
  evaluator::ModelEvaluatorSetOptions evaluators;
  workers::EvaluationLimits limits;
  std::vector<std::string> tasks;
  double memory_gib = 0;
  bool evaluate = false;  // as the process that evaluates for a worker
};

absl::StatusOr<std::unique_ptr<evaluator::EvaluatorSet>> OpenEvaluators(const Options& options) {
  evaluator::ModelEvaluatorSetOptions evaluators = options.evaluators;
  if (!options.tasks.empty()) {
    const auto set = tasks::ReadZeroShotTasks(options.tasks);
    if (!set.ok()) return set.status();
    evaluators.tasks_digest = tasks::TaskSetDigest(*set);
    evaluators.each.open_tasks = [set = *set](const std::string& model_path) {
      return tasks::OpenZeroShotScorer(set, model_path);
    };
  }
  return evaluator::OpenModelEvaluatorSet(evaluators);
}

// In the process that the worker started for it.
absl::Status Evaluate(const Options& options) {
  const auto child = workers::EvaluationChild::Create();
  if (!child.ok()) return child.status();
  const auto evaluators = OpenEvaluators(options);
  if (!evaluators.ok()) return (*child)->Refuse(evaluators.status());
  return (*child)->Serve(workers::MakeTaskRunner(evaluators->get()).get());
}

// This process's command line, with --evaluate.
std::vector<std::string> ChildCommandLine() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> command;
  for (std::string argument; std::getline(file, argument, '\0');) command.push_back(argument);
  command[0] = std::filesystem::read_symlink("/proc/self/exe");
  command.push_back("--evaluate");
  return command;
}

absl::Status Serve(const Options& options) {
  // Before the model, which takes its time.
  const absl::StatusOr<workers::Credentials> credentials = ReadCredentials(options.credentials);
  if (!credentials.ok()) return credentials.status();
  workers::WorkerOptions worker = options.worker;
  worker.credentials = *credentials;
  if (const std::string path = workers::AnnouncementPath(worker.address); !path.empty()) {
    const auto announcement = workers::ReadAnnouncement(path);
    if (announcement.ok() && announcement->state == workers::RunState::kOver) {
      fmt::print(stderr, "{}: the search is over\n", announcement->run);
      return absl::OkStatus();
    }
  }
  WatchForInterrupt();
  std::atomic<bool> drain{false};
  std::jthread watcher([&drain](const std::stop_token& stop) {
    while (!stop.stop_requested() && !InterruptRequested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    drain = InterruptRequested();
  });
  workers::EvaluationProcessOptions process;
  process.command = ChildCommandLine();
  process.limits = options.limits;
  process.limits.memory_bytes = std::llround(std::ldexp(options.memory_gib, 30));
  process.drain = &drain;
  const auto runner = workers::StartEvaluationProcess(process);
  absl::Status status = runner.status();
  if (runner.ok()) {
    status = workers::RunWorker(worker, runner->get(), &drain);
  } else if (absl::IsCancelled(status)) {
    status = absl::OkStatus();
  }
  if (status.ok()) fmt::print(stderr, "{}\n", drain ? "left as asked" : "the search is over");
  return status;
}

}  // namespace

void AddWorkerCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "worker",
      "evaluate candidates for a coordinator; SIGTERM finishes the running task, then leaves");
  verb->add_option("--coordinator", options->worker.address,
                   "unix:PATH | HOST:PORT | file:PATH (workers.announcement of the search)")
      ->required();
  verb->add_option(
          "--model", options->evaluators.model_paths,
          "Hugging Face directory or GGUF file, byte for byte the coordinator's; repeated where "
          "the run has several")
      ->take_all()
      ->allow_extra_args(false)
      ->envname("STRATA_MODEL")
      ->required();
  verb->add_option("--text", options->evaluators.text_paths,
                   "text; must be the coordinator's; repeated where the run has several")
      ->take_all()
      ->allow_extra_args(false)
      ->envname("STRATA_TEXT")
      ->required();
  verb->add_option("--name", options->worker.name, "name in logs; default: host and process id");
  verb->add_option("--device", options->evaluators.each.device, "cpu")->capture_default_str();
  verb->add_option("--banks", options->evaluators.each.bank_folder,
                   "folder of weights in float32 and of their ranks, which workers of this machine "
                   "map and so have in memory once; built where missing");
  verb->add_option("--levels", options->evaluators.each.level_folder,
                   "folder of the level database that the run names");
  verb->add_option("--tasks", options->tasks,
                   "task file, or folder of them, that the run names; repeatable")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--connect-timeout", options->worker.connect_timeout_seconds,
                   "seconds for which an absent coordinator is retried")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--state-file", options->worker.state_file,
                   "file that is written every few seconds, with \"connected\" or \"waiting\", for "
                   "probes");
  AddCredentialOptions(verb, &options->credentials);
  verb->add_option(
      "--tls-server-name", options->worker.server_name,
      "name in the coordinator's certificate, where it is not the host of its address");
  AddThreadsOption(verb, &options->evaluators.each.threads);
  verb->add_option("--task-seconds", options->limits.task_seconds,
                   "kill an evaluation that takes longer; 0: never")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--hang-seconds", options->limits.hang_seconds,
                   "kill an evaluation, or the loading of the model, that makes no step for so "
                   "long; 0: never")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--memory-gib", options->memory_gib,
                   "kill an evaluation whose process takes more memory of its own; 0: never")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  verb->add_flag("--evaluate", options->evaluate, "evaluate for the worker that started this")
      ->group("");
  verb->callback(
      [=] { *command = [=] { return options->evaluate ? Evaluate(*options) : Serve(*options); }; });
}

}  // namespace strata::cli

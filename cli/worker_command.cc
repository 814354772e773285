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
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/status_macros.h"
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
  bool evaluate = false;  // true in the process that evaluates for a worker
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

// Runs in the process that the worker started for evaluations.
absl::Status Evaluate(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(const auto child, workers::EvaluationChild::Create());
  const auto evaluators = OpenEvaluators(options);
  if (!evaluators.ok()) return child->Refuse(evaluators.status());
  return child->Serve(workers::MakeWorkRunner(evaluators->get()).get());
}

// Returns this process's command line, with --evaluate added.
std::vector<std::string> ChildCommandLine() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> command;
  for (std::string argument; std::getline(file, argument, '\0');) command.push_back(argument);
  command[0] = std::filesystem::read_symlink("/proc/self/exe");
  command.push_back("--evaluate");
  return command;
}

absl::Status Serve(const Options& options) {
  // Credentials are read first, because loading the model takes long.
  STRATA_ASSIGN_OR_RETURN(const workers::Credentials credentials,
                          ReadCredentials(options.credentials));
  workers::WorkerOptions worker = options.worker;
  worker.credentials = credentials;
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

void AddConnectionOptions(CLI::App* verb, Options* options) {
  verb->add_option("--coordinator", options->worker.address,
                   "Address of the coordinator: unix:PATH | HOST:PORT | file:PATH "
                   "(workers.announcement of the search).")
      ->required();
  verb->add_option("--name", options->worker.name,
                   "Name in logs. The default is host and process id.");
  verb->add_option("--connect-timeout", options->worker.connect_timeout_seconds,
                   "Seconds for which the worker tries to reach an absent coordinator.")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option(
      "--state-file", options->worker.state_file,
      "File that is written every few seconds with \"connected\" or \"waiting\", for probes.");
  AddCredentialOptions(verb, &options->credentials);
  verb->add_option("--tls-server-name", options->worker.server_name,
                   "Name in the coordinator's certificate, if it is not the host of its address.");
}

void AddEvaluatorOptions(CLI::App* verb, Options* options) {
  verb->add_option("--model", options->evaluators.model_paths,
                   "Hugging Face directory or GGUF file, the same as the coordinator's in every "
                   "byte; repeated if the run has several.")
      ->take_all()
      ->allow_extra_args(false)
      ->envname("STRATA_MODEL")
      ->required();
  verb->add_option("--text", options->evaluators.text_paths,
                   fmt::format("Text, the same as the coordinator's; repeated if the run has "
                               "several: {}.",
                               evaluator::kDocumentsOfAText))
      ->take_all()
      ->allow_extra_args(false)
      ->envname("STRATA_TEXT")
      ->required();
  verb->add_option("--device", options->evaluators.each.device, "Device that computes: cpu.")
      ->capture_default_str();
  verb->add_option("--banks", options->evaluators.each.bank_folder,
                   "Folder for banks: weights in float32 and their ranks, which all workers of "
                   "this machine map and so share in memory. Missing banks are built.");
  verb->add_option("--levels", options->evaluators.each.level_folder,
                   "Folder of the level database that the run names.");
  verb->add_option("--tasks", options->tasks,
                   "Task file that the run names, or a folder of them; can be repeated.")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  AddThreadsOption(verb, &options->evaluators.each.threads);
}

void AddLimitOptions(CLI::App* verb, Options* options) {
  verb->add_option("--evaluation-seconds,--task-seconds", options->limits.item_seconds,
                   "Kill an evaluation that takes longer than this many seconds; 0: never. "
                   "--task-seconds is the old spelling.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option(
          "--hang-seconds", options->limits.hang_seconds,
          "Kill an evaluation, or the loading of the model, that makes no progress for this "
          "many seconds; 0: never.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--memory-gib", options->memory_gib,
                   "Kill an evaluation whose process has more memory of its own than this, in GiB; "
                   "0: never.")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
}

}  // namespace

void AddWorkerCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand("worker",
                                       "Evaluates candidates for a coordinator. After SIGTERM it "
                                       "finishes its work item and leaves.");
  AddConnectionOptions(verb, options.get());
  AddEvaluatorOptions(verb, options.get());
  AddLimitOptions(verb, options.get());
  verb->add_flag("--evaluate", options->evaluate,
                 "Evaluate for the worker that started this process.")
      ->group("");
  verb->callback(
      [=] { *command = [=] { return options->evaluate ? Evaluate(*options) : Serve(*options); }; });
}

}  // namespace strata::cli

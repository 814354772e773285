// `strata worker`: serves one coordinator until the run is over.
#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <thread>

#include "cli/command.h"
#include "cli/credential_options.h"
#include "evaluator/model_evaluator.h"
#include "workers/worker.h"

namespace strata::cli {
namespace {

struct Options {
  workers::WorkerOptions worker;
  CredentialOptions credentials;
  evaluator::ModelEvaluatorOptions evaluator;
};

absl::Status Serve(const Options& options) {
  // Before the model, which takes its time.
  const absl::StatusOr<workers::Credentials> credentials = ReadCredentials(options.credentials);
  if (!credentials.ok()) return credentials.status();
  workers::WorkerOptions worker = options.worker;
  worker.credentials = *credentials;
  auto evaluator = evaluator::OpenModelEvaluator(options.evaluator);
  if (!evaluator.ok()) return evaluator.status();
  WatchForInterrupt();
  std::atomic<bool> drain{false};
  std::jthread watcher([&drain](const std::stop_token& stop) {
    while (!stop.stop_requested() && !InterruptRequested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    drain = InterruptRequested();
  });
  return workers::RunWorker(worker, evaluator->get(), &drain);
}

}  // namespace

void AddWorkerCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "worker",
      "evaluate candidates for a coordinator; SIGTERM finishes the running task, then leaves");
  verb->add_option("--coordinator", options->worker.address, "unix:PATH | HOST:PORT")->required();
  verb->add_option(
          "--model", options->evaluator.model_path,
          "Hugging Face directory or GGUF file; must be the coordinator's model, byte for byte")
      ->envname("STRATA_MODEL")
      ->required();
  verb->add_option("--text", options->evaluator.text_path, "text; must be the coordinator's")
      ->envname("STRATA_TEXT")
      ->required();
  verb->add_option("--name", options->worker.name, "name in logs; default: host and process id");
  verb->add_option("--device", options->evaluator.device, "cpu")->capture_default_str();
  verb->add_option("--banks", options->evaluator.bank_folder,
                   "folder of ranks of weights that workers of this machine share; built where "
                   "missing");
  verb->add_option("--levels", options->evaluator.level_folder,
                   "folder of the level database that the run names");
  verb->add_option("--connect-timeout", options->worker.connect_timeout_seconds,
                   "seconds for which an absent coordinator is retried")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  AddCredentialOptions(verb, &options->credentials);
  verb->add_option(
      "--tls-server-name", options->worker.server_name,
      "name in the coordinator's certificate, where it is not the host of its address");
  AddThreadsOption(verb, &options->evaluator.threads);
  verb->callback([=] { *command = [=] { return Serve(*options); }; });
}

}  // namespace strata::cli

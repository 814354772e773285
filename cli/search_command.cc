// `strata search`: runs the coordinator and local workers, and shows progress and the result.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <filesystem>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "cli/config/bytes_budget.h"
#include "cli/config/run_config_plan.h"
#include "cli/credential_options.h"
#include "cli/report/run_report.h"
#include "cli/report/run_report_output.h"
#include "cli/run/continue_command.h"
#include "cli/run/search_forecast.h"
#include "cli/run/search_log.h"
#include "cli/run/search_metrics.h"
#include "cli/run/search_observer.h"
#include "cli/run/search_progress.h"
#include "cli/run/search_setup.h"
#include "cli/run/socket_address.h"
#include "cli/run/worker_arguments.h"
#include "cli/search_probe.h"
#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "evaluator/files/output_file.h"
#include "expr/status_macros.h"
#include "workers/coordinator/coordinator.h"
#include "workers/wire/announcement.h"
#include "workers/worker/local_workers.h"

namespace strata::cli {
namespace {

struct Options {
  std::string config;
  std::vector<std::string> overrides;
  std::string run;
  bool resume = false;
  bool resume_or_start = false;
  bool extend = false;
  std::optional<std::string> minutes, evaluations;
  bool quiet = false;
  bool dry_run = false;
  bool no_probe = false;
  std::string rate_from;  // the folder of a run
  std::string events;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

absl::StatusOr<std::unique_ptr<workers::LocalWorkers>> StartLocalWorkers(
    const RunConfig& config, const std::string& address) {
  workers::LocalWorkersOptions options;
  options.count = static_cast<int>(config.worker_count);
  options.command = WorkerArguments(config, address);
  // LocalWorkers puts the number of the worker into the last argument.
  options.command.insert(options.command.end(), {"--name", "local-{index}"});
  options.log_folder = config.run;
  return workers::LocalWorkers::Start(options);
}

// Prints how the time of this sitting's evaluations was spent.
void PrintStageShares(const workers::CoordinatorStatus& status) {
  const evaluator::StageSeconds& stage = status.total_stage_seconds;
  const double total = stage.prune + stage.forward + stage.loss;
  if (status.evaluations == 0 || total <= 0) return;
  fmt::print(stderr,
             "{} evaluations took {:.2f} worker seconds each: pruning {:.0f} %, forward {:.0f} %, "
             "loss {:.0f} %\n",
             status.evaluations, total / status.evaluations, 100 * stage.prune / total,
             100 * stage.forward / total, 100 * stage.loss / total);
}

// Announces to workers that read the file where to connect, or that they may leave.
absl::Status Announce(const RunConfig& config, const workers::Coordinator& coordinator,
                      workers::RunState state) {
  if (config.announcement.empty()) return absl::OkStatus();
  const std::string& served = coordinator.address();
  const std::string port = served.substr(served.rfind(':'));
  std::string host = config.advertised_host;
  if (host.empty()) {
    std::array<char, HOST_NAME_MAX + 1> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) {
      return absl::FailedPreconditionError(
          "this machine has no host name: set workers.advertised_host");
    }
    host = name.data();
  }
  return evaluator::WriteFileAtomically(
      config.announcement,
      workers::ToText({std::filesystem::absolute(config.run), host + port, state}));
}

absl::StatusOr<workers::CoordinatorOptions> CoordinatorOptionsOf(const SearchSetup& setup,
                                                                 const std::string& address) {
  const RunConfig& config = setup.config;
  workers::CoordinatorOptions options;
  options.address = address;
  if (!config.listen.empty()) {
    STRATA_ASSIGN_OR_RETURN(
        options.credentials,
        ReadCoordinatorCredentials(
            {{config.tls_certificate, config.tls_key, config.tls_authority}, config.token_file}));
    options.local_address = std::exchange(options.address, config.listen);
  }
  options.plan = setup.plan;
  options.model_digest = setup.model.digest;
  options.text_digest = setup.text_digest;
  for (const Subject& subject : setup.further_subjects) {
    options.further_subjects.push_back({subject.model.digest, subject.text_digest});
  }
  options.workers_outlive_it = !config.listen.empty();
  options.no_worker_seconds = config.absence_seconds;
  return options;
}

// Serves workers until the search is done, interrupted, or fails, and shows progress. `local` may
// be null. Errors: those of the coordinator and of the local workers.
absl::Status ServeWorkers(SearchSetup* setup, workers::Coordinator* coordinator,
                          workers::LocalWorkers* local, SearchMetrics* metrics,
                          SearchObserver* observer, bool quiet) {
  SearchProgress progress(setup->config.minutes * 60, SearchEvaluationsOf(setup->config),
                          MeasuresOf(setup->config));
  absl::Status workers_status;
  workers::CoordinatorStatus last;
  absl::Status status = coordinator->Run([&](const workers::CoordinatorStatus& now) {
    last = now;
    if (!quiet) progress.Show(*setup->session, now);
    observer->Observe(now);
    metrics->Update(setup->session->engine(), now);
    // The last call comes after the workers were told to leave, so only earlier errors count.
    if (local != nullptr && workers_status.ok()) workers_status = local->Check();
    return InterruptRequested() || !workers_status.ok();
  });
  if (!quiet) {
    progress.Finish();
    PrintStageShares(last);
  }
  // The engine is done before a refinement is.
  const bool is_over = setup->session->done();
  status.Update(Announce(setup->config, *coordinator,
                         is_over ? workers::RunState::kOver : workers::RunState::kStopped));
  return workers_status.ok() ? status : workers_status;
}

// Runs until the search is done, interrupted, or fails. The session's storage is complete in every
// case.
absl::Status RunSearch(SearchSetup* setup, SearchObserver* observer, bool quiet) {
  const RunConfig& config = setup->config;
  const SocketAddress address(config);
  STRATA_ASSIGN_OR_RETURN(const auto options, CoordinatorOptionsOf(*setup, address.text()));
  STRATA_ASSIGN_OR_RETURN(const auto coordinator,
                          workers::Coordinator::Start(options, setup->session.get()));
  if (!quiet) {
    fmt::print(stderr, "run {} | {} blocks of {} | target sparsity {} | listening on {}\n",
               config.run, setup->model.blocks, setup->model.name,
               TargetText(config.target_sparsity, config.target_bytes_share),
               coordinator->address());
  }

  const std::string& own = coordinator->local_address();
  const std::string& reached = own.empty() ? coordinator->address() : own;
  observer->Serve(reached);
  std::unique_ptr<workers::LocalWorkers> local;
  if (config.worker_count > 0) {
    STRATA_ASSIGN_OR_RETURN(local, StartLocalWorkers(config, reached));
  }
  STRATA_ASSIGN_OR_RETURN(
      const auto metrics,
      SearchMetrics::Serve(config.metrics, options.credentials, config.fitness_measure));
  STRATA_RETURN_IF_ERROR(Announce(config, *coordinator, workers::RunState::kServing));
  return ServeWorkers(setup, coordinator.get(), local.get(), metrics.get(), observer, quiet);
}

// Returns false for a search that was killed before its configuration was stored, because it begins
// again.
absl::StatusOr<bool> WasStarted(const std::string& run) {
  const auto store = search::RunStore::OpenForReading(run);
  if (absl::IsNotFound(store.status())) return false;
  if (!store.ok()) return store.status();
  STRATA_ASSIGN_OR_RETURN(const auto stored, (*store)->Property(search::kConfigProperty));
  return stored.has_value();
}

absl::StatusOr<Continuation> ContinuationOf(const Options& options, const std::string& run) {
  if (options.extend) return Continuation::kExtend;
  if (options.resume) return Continuation::kResume;
  if (!options.resume_or_start) return Continuation::kNew;
  STRATA_ASSIGN_OR_RETURN(const auto was_started, WasStarted(run));
  return was_started ? Continuation::kResume : Continuation::kNew;
}

// Reads what the argument `config` is. If a run is continued, it may be the folder of the run. Sets
// options.run then, and empties options.config.
absl::Status FindRunArgument(Options* options) {
  const bool continues = options->resume || options->extend;
  if (!continues) {
    if (!options->config.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "search: expected a configuration file, which `strata init MODEL TEXT` writes, or --resume "
        "or --extend with the folder of a run; found neither");
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(options->config, ignored)) {
    if (!options->run.empty() &&
        !std::filesystem::equivalent(options->run, options->config, ignored)) {
      return absl::InvalidArgumentError(
          fmt::format("search: expected one run to continue, found '{}' and --run '{}'",
                      options->config, options->run));
    }
    options->run = std::exchange(options->config, "");
  } else if (!options->config.empty() && !std::filesystem::exists(options->config, ignored)) {
    return absl::NotFoundError(fmt::format(
        "'{}': expected the folder of a run to continue, or its configuration file; there is no "
        "such file or folder",
        options->config));
  }
  if (options->config.empty() && options->run.empty()) {
    return absl::InvalidArgumentError(
        "search: expected the folder of the run to continue, as in `strata search --resume RUN`; "
        "found none");
  }
  return absl::OkStatus();
}

// Gives a setting the value of the option that stands for it. Errors: those of SetOption;
// InvalidArgument if --set gives the setting too.
absl::Status SetByOption(const std::string& key, const std::optional<std::string>& value,
                         const char* option, RunConfig* config) {
  if (!value) return absl::OkStatus();
  const auto origin = config->origins.find(key);
  if (origin != config->origins.end() && origin->second == "--set") {
    return absl::InvalidArgumentError(
        fmt::format("{} and --set {} are the same setting: expected one of them", option, key));
  }
  return SetOption(key, *value, option, config);
}

// Returns the settings that the command line and its file give.
absl::StatusOr<RunConfig> GivenConfig(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(auto config, LoadRunConfig(options.config, options.overrides));
  STRATA_RETURN_IF_ERROR(SetByOption("search.minutes", options.minutes, "--minutes", &config));
  STRATA_RETURN_IF_ERROR(
      SetByOption("search.maximum_evaluations", options.evaluations, "--evaluations", &config));
  if (!options.run.empty()) {
    config.run = options.run;
    config.origins["run"] = "--run";
  }
  return config;
}

// Forecasts a search that `config` would start, or all of a run that it would continue.
absl::Status ForecastOnly(const Options& options, RunConfig config) {
  STRATA_ASSIGN_OR_RETURN(const auto continuation, ContinuationOf(options, config.run));
  if (continuation != Continuation::kNew) {
    STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(config.run));
    STRATA_ASSIGN_OR_RETURN(const auto used, UsedBudgetOf(*store));
    STRATA_ASSIGN_OR_RETURN(config, ContinuedConfig(std::move(config), *store, continuation));
    fmt::print(stderr,
               "the forecast is of the whole run, of which {} evaluations in {:.1f} minutes of "
               "search are done\n",
               used.evaluations, used.minutes);
  }
  // A forecast writes nothing, so the folder that it would not write to need not be named.
  if (config.run.empty()) config.run = "-";
  const Probe probe = options.no_probe ? Probe() : MeasureOneEvaluation;
  return PrintForecast(config, {probe, options.rate_from}, options.format,
                       OutputPage(options.wide));
}

absl::Status Search(Options options) {
  STRATA_RETURN_IF_ERROR(FindRunArgument(&options));
  STRATA_ASSIGN_OR_RETURN(auto config, GivenConfig(options));
  if (options.dry_run) return ForecastOnly(options, std::move(config));
  // From here on, an interruption must leave the run whole and name it.
  WatchForInterrupt();
  STRATA_ASSIGN_OR_RETURN(auto events, OpenEvents(options.events));
  STRATA_ASSIGN_OR_RETURN(const auto continuation, ContinuationOf(options, config.run));
  STRATA_ASSIGN_OR_RETURN(auto setup, PrepareSearch(std::move(config), continuation));
  if (setup.search_has_ended) {
    fmt::print(
        stderr,
        "the search part of this run has ended before; search.minutes no longer counts, only "
        "what is left of selection and verification is done (--extend searches on)\n");
  }
  STRATA_RETURN_IF_ERROR(StoreInvocation(setup.config, setup.store.get()));
  // Log lines would tear the progress line apart, so they go to the run folder.
  STRATA_RETURN_IF_ERROR(LogToFile(setup.config.run + "/coordinator.log",
                                   setup.config.log_format == LogFormat::kJson));
  const std::string again = "continue with: " + ContinueCommand(setup.config.run);
  STRATA_ASSIGN_OR_RETURN(
      const auto observer,
      SearchObserver::Begin(std::move(events), &setup, continuation != Continuation::kNew));
  absl::Status status = RunSearch(&setup, observer.get(), options.quiet);
  observer->End();
  // A run that is gone, moved or damaged cannot be continued where it was.
  if (absl::IsDataLoss(status)) return status;
  if (!status.ok()) {
    return absl::Status(status.code(), fmt::format("{}\nnothing that was measured is lost; {}",
                                                   std::string(status.message()), again));
  }
  if (const std::string failure = LogFailure(); !failure.empty()) {
    fmt::print(stderr, "coordinator.log lacks lines: {}\n", failure);
  }
  const bool done = setup.session->done();
  const bool is_json = options.events != "-" && options.format == OutputFormat::kJson;
  STRATA_ASSIGN_OR_RETURN(const auto report, ReadRunReport(setup.config.run, is_json));
  if (options.events == "-") {
    // Standard output carries the events.
  } else if (is_json) {
    PrintJson(ToJson(report));
  } else {
    fmt::print("{}", ToTable(report, OutputPage(options.wide)));
  }
  if (!done) return absl::CancelledError("stopped; " + again);
  if (!report.best) {
    return absl::FailedPreconditionError(
        report.failed > 0 ? fmt::format("no candidate could be measured; most often: {}",
                                        report.commonest_failure)
                          : "the time ended before the first measurement: raise search.minutes");
  }
  return absl::OkStatus();
}

}  // namespace

void AddSearchCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "search",
      "Searches for allocation functions. Ctrl-C stops cleanly, and the run can be resumed.");
  verb->add_option("config", options->config,
                   "Configuration file (YAML). With --resume or --extend, the folder of the run "
                   "will do: the run holds all settings, also those of earlier --set.");
  verb->add_option("--set", options->overrides,
                   "KEY=VALUE that overrides the file; can be repeated. When a run is continued, "
                   "only changes need to be given.")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--minutes", options->minutes,
                   "Time after which the search ends; 0 is no limit. The same as --set "
                   "search.minutes.")
      ->type_name("FLOAT");
  verb->add_option("--evaluations", options->evaluations,
                   "Number of distinct allocations after which the search ends; 0 is no limit. The "
                   "same as --set search.maximum_evaluations.")
      ->type_name("INT");
  verb->add_option("--run", options->run, "Folder of the run; overrides the file.");
  verb->add_flag("--resume", options->resume,
                 "Continue the run in the folder with its own settings, as in `strata search "
                 "--resume RUN`.");
  verb->add_flag(
      "--resume-or-start", options->resume_or_start,
      "Continue the run in the folder, or start it if there is none. For jobs that are run again.");
  verb->add_flag("--extend", options->extend,
                 "Continue the run in the folder even if it is done: search.minutes, "
                 "search.maximum_evaluations, search.stagnation, search.finalists and "
                 "refine.evaluations may grow. As in `strata search --extend RUN --minutes 30`.");
  CLI::Option* dry_run =
      verb->add_flag("--dry-run", options->dry_run,
                     "Print what would be searched and how long it would take; write nothing. "
                     "Needs no folder of the run.");
  CLI::Option* no_probe =
      verb->add_flag("--no-probe", options->no_probe,
                     "Do not load the model and measure one evaluation; the times are then lower "
                     "bounds.")
          ->needs(dry_run);
  verb->add_option("--rate-from", options->rate_from,
                   "Folder of a run that made the same measurements. Its rate is used instead of "
                   "this machine's.")
      ->needs(dry_run)
      ->excludes(no_probe);
  verb->add_option("--events", options->events,
                   "File for a stream of events, one JSON object per line. With -, the events go "
                   "to standard output instead of the result.")
      ->excludes(dry_run);
  verb->add_flag("--quiet", options->quiet,
                 "Show no progress. The report and messages about problems stay.");
  AddFormatOption(verb, &options->format);
  AddWideOption(verb, &options->wide);
  verb->callback([=] { *command = [=] { return Search(*options); }; });
}

}  // namespace strata::cli

// `strata search`: runs the coordinator and local workers, and shows progress and the result.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <tuple>
#include <utility>

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
#include "cli/run/worker_arguments.h"
#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "evaluator/files/output_file.h"
#include "expr/status_macros.h"
#include "workers/coordinator/coordinator.h"
#include "workers/wire/address.h"
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
  bool dry_run = false;
  std::string rate_from;  // the folder of a run
  std::string events;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

// Path of the coordinator's socket, which lies in the run folder. If that path does not fit into a
// socket address, the socket lies in a private temporary folder, which is removed at the end.
class SocketAddress {
 public:
  explicit SocketAddress(const RunConfig& config) {
    if (config.address != "auto") {
      address_ = config.address;
      return;
    }
    std::string path =
        std::filesystem::absolute(config.run).lexically_normal() / "coordinator.sock";
    if (!workers::ParseAddress("unix:" + path).ok()) {
      std::string folder = std::filesystem::temp_directory_path() / "strata-XXXXXX";
      if (mkdtemp(folder.data()) != nullptr) {
        temporary_folder_ = folder;
        path = folder + "/coordinator.sock";
      }
    }
    address_ = "unix:" + path;
  }
  ~SocketAddress() {
    std::error_code ignored;
    if (!temporary_folder_.empty()) std::filesystem::remove_all(temporary_folder_, ignored);
  }
  SocketAddress(const SocketAddress&) = delete;
  SocketAddress& operator=(const SocketAddress&) = delete;
  const std::string& text() const { return address_; }

 private:
  std::string address_;
  std::string temporary_folder_;
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
                          SearchObserver* observer) {
  SearchProgress progress(setup->config.minutes * 60, setup->config.maximum_evaluations);
  absl::Status workers_status;
  workers::CoordinatorStatus last;
  absl::Status status = coordinator->Run([&](const workers::CoordinatorStatus& now) {
    last = now;
    progress.Show(*setup->session, now);
    observer->Observe(now);
    metrics->Update(setup->session->engine(), now);
    // The last call comes after the workers were told to leave, so only earlier errors count.
    if (local != nullptr && workers_status.ok()) workers_status = local->Check();
    return InterruptRequested() || !workers_status.ok();
  });
  progress.Finish();
  PrintStageShares(last);
  // The engine is done before a refinement is.
  const bool is_over = setup->session->done();
  status.Update(Announce(setup->config, *coordinator,
                         is_over ? workers::RunState::kOver : workers::RunState::kStopped));
  return workers_status.ok() ? status : workers_status;
}

// Runs until the search is done, interrupted, or fails. The session's storage is complete in every
// case.
absl::Status RunSearch(SearchSetup* setup, SearchObserver* observer) {
  const RunConfig& config = setup->config;
  const SocketAddress address(config);
  STRATA_ASSIGN_OR_RETURN(const auto options, CoordinatorOptionsOf(*setup, address.text()));
  STRATA_ASSIGN_OR_RETURN(const auto coordinator,
                          workers::Coordinator::Start(options, setup->session.get()));
  fmt::print(stderr, "run {} | {} blocks of {} | target sparsity {} | listening on {}\n",
             config.run, setup->model.blocks, setup->model.name, config.target_sparsity,
             coordinator->address());

  const std::string& own = coordinator->local_address();
  const std::string& reached = own.empty() ? coordinator->address() : own;
  observer->Serve(reached);
  std::unique_ptr<workers::LocalWorkers> local;
  if (config.worker_count > 0) {
    STRATA_ASSIGN_OR_RETURN(local, StartLocalWorkers(config, reached));
  }
  STRATA_ASSIGN_OR_RETURN(const auto metrics,
                          SearchMetrics::Serve(config.metrics, options.credentials));
  STRATA_RETURN_IF_ERROR(Announce(config, *coordinator, workers::RunState::kServing));
  return ServeWorkers(setup, coordinator.get(), local.get(), metrics.get(), observer);
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

absl::Status Search(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(auto config, LoadRunConfig(options.config, options.overrides));
  if (!options.run.empty()) {
    config.run = options.run;
    config.origins["run"] = "--run";
  }
  if (options.dry_run)
    return PrintForecast(config, options.rate_from, options.format, OutputPage(options.wide));
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
  const SearchInvocation invocation{options.config, options.overrides};
  STRATA_RETURN_IF_ERROR(StoreInvocation(invocation, setup.store.get()));
  // Log lines would tear the progress line apart, so they go to the run folder.
  STRATA_RETURN_IF_ERROR(LogToFile(setup.config.run + "/coordinator.log",
                                   setup.config.log_format == LogFormat::kJson));
  const std::string again = "continue with: " + ContinueCommand(invocation, setup.config.run);
  STRATA_ASSIGN_OR_RETURN(
      const auto observer,
      SearchObserver::Begin(std::move(events), &setup, continuation != Continuation::kNew));
  absl::Status status = RunSearch(&setup, observer.get());
  observer->End();
  if (!status.ok()) {
    return absl::Status(status.code(), fmt::format("{}\nnothing that was measured is lost; {}",
                                                   std::string(status.message()), again));
  }
  if (const std::string failure = LogFailure(); !failure.empty()) {
    fmt::print(stderr, "coordinator.log lacks lines: {}\n", failure);
  }
  const bool done = setup.session->done();
  STRATA_ASSIGN_OR_RETURN(const auto report, ReadRunReport(setup.config.run));
  if (options.events == "-") {
    // Standard output carries the events.
  } else if (options.format == OutputFormat::kJson) {
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
  verb->add_option("config", options->config, "Configuration file (YAML).")->required();
  verb->add_option("--set", options->overrides,
                   "KEY=VALUE that overrides the file; can be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--run", options->run, "Folder of the run; overrides the file.");
  verb->add_flag("--resume", options->resume, "Continue the run in the folder.");
  verb->add_flag(
      "--resume-or-start", options->resume_or_start,
      "Continue the run in the folder, or start it if there is none. For jobs that are run again.");
  verb->add_flag("--extend", options->extend,
                 "Continue the run in the folder even if it is done: search.minutes, "
                 "search.maximum_evaluations, search.stagnation, search.finalists and "
                 "refine.evaluations may grow.");
  CLI::Option* dry_run =
      verb->add_flag("--dry-run", options->dry_run,
                     "Print what would be searched and how long it would take; write nothing.");
  verb->add_option("--rate-from", options->rate_from,
                   "Folder of a run that made the same measurements. Its rate is used instead of "
                   "this machine's.")
      ->needs(dry_run);
  verb->add_option("--events", options->events,
                   "File for a stream of events, one JSON object per line. With -, the events go "
                   "to standard output instead of the result.")
      ->excludes(dry_run);
  AddFormatOption(verb, &options->format);
  AddWideOption(verb, &options->wide);
  verb->callback([=] { *command = [=] { return Search(*options); }; });
}

}  // namespace strata::cli

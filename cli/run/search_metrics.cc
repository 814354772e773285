#include "cli/run/search_metrics.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>

#include "cli/run/search_events.h"
#include "expr/status_macros.h"
#include "search/engine/progress.h"
#include "workers/coordinator/metrics_server.h"

namespace strata::cli {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;

void Raise(Counter* counter, double to) {
  if (to > counter->Value()) counter->Increment(to - counter->Value());
}

}  // namespace

class SearchMetrics::Families {
 public:
  explicit Families(evaluator::Measure fitness)
      : registry_(std::make_shared<prometheus::Registry>()),
        best_(fitness == evaluator::Measure::kLoss
                  ? Gauges("strata_best_loss", "Lowest loss on the fitness split.").Add({})
                  : Gauges("strata_best_kl",
                           "Lowest KL divergence from the dense model on the fitness split.")
                        .Add({})) {}

  absl::Status Serve(const std::string& address, const workers::Credentials& credentials) {
    STRATA_ASSIGN_OR_RETURN(auto server, workers::MetricsServer::Serve(address, credentials,
                                                                       [this] { return Text(); }));
    server_ = std::move(server);
    return absl::OkStatus();
  }

  void Update(const search::Engine& engine, const workers::CoordinatorStatus& workers) {
    UpdateSearch(engine);
    waiting_.Set(workers.waiting_items);
    leases_.Set(workers.leased_items);
    connected_.Set(workers.connected_workers);
    Raise(&results_, workers.evaluations);
    Raise(&absorbed_, workers.absorbed_results);
    Raise(&reissued_, workers.reissued_items);
    Raise(&hedged_, workers.hedged_items);
    Raise(&failed_, workers.failed_items);
    Raise(&refused_, workers.refused_workers);
    for (const auto& [kind, count] : FailuresByKind(workers.failures)) {
      Raise(&failures_.Add({{"kind", kind}}), count);
    }
    const evaluator::StageSeconds& seconds = workers.total_stage_seconds;
    Raise(&stages_.Add({{"stage", "prune"}}), seconds.prune);
    Raise(&stages_.Add({{"stage", "forward"}}), seconds.forward);
    Raise(&stages_.Add({{"stage", "loss"}}), seconds.loss);
    for (const workers::WorkerStatus& worker : workers.workers) {
      utilisation_.Add({{"worker", worker.name}})
          .Set(worker.seen_seconds > 0 ? worker.busy_seconds / worker.seen_seconds : 0);
      Raise(&worker_results_.Add({{"worker", worker.name}}), worker.results);
    }
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(registry_->Collect()); }

 private:
  void UpdateSearch(const search::Engine& engine) {
    const std::vector<int64_t> front = engine.Front();
    double best = std::numeric_limits<double>::quiet_NaN();
    for (const int64_t id : front) {
      const double nll = *engine.candidates()[static_cast<size_t>(id)].fitness_nll;
      if (!(best <= nll)) best = nll;
    }
    best_.Set(best);
    front_.Set(static_cast<double>(front.size()));
    hypervolume_.Set(engine.ArchiveHypervolume());
    candidates_.Set(static_cast<double>(engine.candidates().size()));
    Raise(&evaluations_, static_cast<double>(engine.evaluations()));
    for (const auto phase :
         {search::Phase::kSearching, search::Phase::kDraining, search::Phase::kSelecting,
          search::Phase::kVerifying, search::Phase::kDone}) {
      phase_.Add({{"phase", search::PhaseName(phase)}}).Set(phase == engine.phase() ? 1 : 0);
    }
  }

  Family<Gauge>& Gauges(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(*registry_);
  }
  Family<Counter>& Counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(*registry_);
  }

  const std::shared_ptr<prometheus::Registry> registry_;
  Gauge& waiting_ = Gauges("strata_work_items_waiting", "Work items without a worker.").Add({});
  Gauge& leases_ = Gauges("strata_leases", "Work items that workers hold.").Add({});
  Gauge& connected_ = Gauges("strata_workers_connected", "Workers connected.").Add({});
  Counter& results_ =
      Counters("strata_results_total", "Measurements received in this sitting.").Add({});
  Counter& absorbed_ =
      Counters("strata_results_absorbed_total", "Late or duplicate results, ignored.").Add({});
  Counter& reissued_ =
      Counters("strata_work_items_reissued_total", "Leases after the first.").Add({});
  Counter& hedged_ =
      Counters("strata_work_items_hedged_total", "Work items begun a second time.").Add({});
  Counter& failed_ =
      Counters("strata_work_items_failed_total", "Work items that failed for good.").Add({});
  Counter& refused_ = Counters("strata_workers_refused_total", "Streams refused.").Add({});
  Family<Counter>& failures_ = Counters("strata_failures_total", "Failures that workers reported.");
  Family<Counter>& stages_ =
      Counters("strata_evaluation_seconds_total", "Worker seconds of evaluations.");
  Family<Gauge>& utilisation_ = Gauges(
      "strata_worker_utilisation", "Share of the time connected that a worker had a work item.");
  Family<Counter>& worker_results_ =
      Counters("strata_worker_results_total", "Results of a worker that counted.");
  Gauge& best_;
  Gauge& front_ = Gauges("strata_front_size", "Functions on the front.").Add({});
  Gauge& hypervolume_ = Gauges("strata_hypervolume", "Hypervolume of the archive.").Add({});
  Gauge& candidates_ = Gauges("strata_candidates", "Candidates bred.").Add({});
  Counter& evaluations_ =
      Counters("strata_evaluations_total", "Distinct allocations measured in the search.").Add({});
  Family<Gauge>& phase_ = Gauges("strata_phase", "1 for the phase the search is in.");
  std::unique_ptr<workers::MetricsServer> server_;  // last: stops serving first
};

SearchMetrics::SearchMetrics(evaluator::Measure fitness)
    : families_(std::make_unique<Families>(fitness)) {}
SearchMetrics::~SearchMetrics() = default;

absl::StatusOr<std::unique_ptr<SearchMetrics>> SearchMetrics::Serve(
    const std::string& address, const workers::Credentials& credentials,
    evaluator::Measure fitness) {
  std::unique_ptr<SearchMetrics> metrics(new SearchMetrics(fitness));
  if (address.empty()) return metrics;
  absl::Status status = metrics->families_->Serve(address, credentials);
  if (!status.ok()) return status;
  return metrics;
}

void SearchMetrics::Update(const search::Engine& engine,
                           const workers::CoordinatorStatus& workers) {
  families_->Update(engine, workers);
}

std::string SearchMetrics::Text() const { return families_->Text(); }

}  // namespace strata::cli

#include "cli/run/search_events.h"

#include <utility>

#include "search/engine/best_candidate.h"
#include "search/engine/progress.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

// Bits that record which events of a candidate were reported.
constexpr unsigned kBred = 1, kMeasured = 2, kFailed = 4, kStopped = 8;

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

}  // namespace

std::map<std::string, int> FailuresByKind(const workers::FailureCounts& failures) {
  return {{"infrastructure", failures.infrastructure}, {"evaluation", failures.evaluation},
          {"invalid_item", failures.invalid_item},     {"crash", failures.crash},
          {"time_limit", failures.time_limit},         {"memory_limit", failures.memory_limit},
          {"lost_worker", failures.lost_worker}};
}

SearchEvents::SearchEvents(Sink sink, std::function<double()> unix_seconds,
                           const RunMeasures& measures)
    : sink_(std::move(sink)), unix_seconds_(std::move(unix_seconds)), measures_(measures) {}

void SearchEvents::Send(const char* kind, Json fields) {
  Json event = {{"event", kind}, {"unix_seconds", unix_seconds_()}};
  event.update(fields);
  sink_(event);
}

void SearchEvents::Begin(const std::string& run, const std::string& model, double target_sparsity,
                         bool is_resumed) {
  Send("run_started", {{"run", run},
                       {"model", model},
                       {"target_sparsity", target_sparsity},
                       {"resumed", is_resumed}});
}

void SearchEvents::TellCandidate(const search::StoredCandidate& row) {
  const auto index = static_cast<size_t>(row.id);
  if (told_.size() <= index) told_.resize(index + 1);
  const auto is_news = [&](unsigned what) {
    const bool news = (told_[index] & what) == 0;
    told_[index] |= what;
    return news;
  };
  if (is_news(kBred)) {
    Send("candidate_bred", {{"candidate", row.id},
                            {"expression", row.text},
                            {"nodes", row.complexity},
                            {"origin", row.lineage.origin},
                            {"name", row.lineage.name},
                            {"parents", row.lineage.parents}});
  }
  if (!row.failure.empty() && is_news(kFailed)) {
    Send("candidate_failed", {{"candidate", row.id}, {"reason", row.failure}});
  }
  if (row.stopped_early && is_news(kStopped)) {
    Send("candidate_stopped_early",
         {{"candidate", row.id}, {NatsKey("rung", measures_.fitness), row.rung_nll}});
  }
  if (row.fitness_nll && is_news(kMeasured)) {
    Send("candidate_measured", {{"candidate", row.id},
                                {"same_as", row.same_as ? Json(*row.same_as) : Json(nullptr)},
                                {NatsKey("fitness", measures_.fitness), *row.fitness_nll},
                                {"sparsity", OrNull(row.achieved_sparsity)}});
    if (!best_nll_ || *row.fitness_nll < *best_nll_) {
      best_nll_ = row.fitness_nll;
      Send("new_best", {{"candidate", row.id},
                        {"expression", row.text},
                        {NatsKey("fitness", measures_.fitness), *row.fitness_nll}});
    }
  }
}

void SearchEvents::Committed(const search::RunChanges& changes) {
  if (changes.last_candidate && static_cast<int64_t>(told_.size()) > *changes.last_candidate + 1) {
    told_.resize(static_cast<size_t>(*changes.last_candidate + 1));
  }
  for (const search::StoredCandidate& row : changes.candidates) TellCandidate(row);
}

void SearchEvents::TellFailures(const workers::FailureCounts& failures) {
  for (const auto& [kind, count] : FailuresByKind(failures)) {
    const int before = std::exchange(failures_[kind], count);
    if (count > before) Send("worker_failed", {{"kind", kind}, {"count", count - before}});
  }
}

void SearchEvents::Observe(const search::Engine& engine,
                           const workers::CoordinatorStatus& workers) {
  for (const workers::WorkerStatus& worker : workers.workers) {
    if (worker.connected && workers_.insert(worker.name).second) {
      Send("worker_joined", {{"worker", worker.name}});
    }
    if (!worker.connected && workers_.erase(worker.name) > 0) {
      Send("worker_left", {{"worker", worker.name}, {"results", worker.results}});
    }
  }
  TellFailures(workers.failures);
  std::vector<int64_t> front = engine.Front();
  if (front != front_) {
    front_ = std::move(front);
    Send("front_changed", {{"front", front_}, {"hypervolume", engine.ArchiveHypervolume()}});
  }
  if (engine.phase() != phase_) {
    phase_ = engine.phase();
    Send("phase_changed",
         {{"phase", search::PhaseName(*phase_)}, {"evaluations", engine.evaluations()}});
  }
}

void SearchEvents::End(const search::Session& session) {
  const search::Engine& engine = session.engine();
  const search::Candidate* best =
      search::BestCandidate(engine.candidates(), search::IsSelectionComplete(engine.phase()));
  Send("finished", {{"phase", search::PhaseName(engine.phase())},
                    {"end_reason", search::EndReason(session)},
                    {"evaluations", engine.evaluations()},
                    {"candidates", engine.candidates().size()},
                    {"best", best == nullptr ? Json(nullptr) : Json(best->id)},
                    {NatsKey("best_fitness", measures_.fitness),
                     best == nullptr ? Json(nullptr) : OrNull(best->fitness_nll)},
                    {NatsKey("best_selection", measures_.selection),
                     best == nullptr ? Json(nullptr) : OrNull(best->selection_nll)}});
}

}  // namespace strata::cli

#include "cli/run/run_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "cli/config/run_config_plan.h"
#include "cli/report/run_report.h"
#include "cli/report/run_report_output.h"
#include "cli/run/continue_command.h"
#include "cli/run/search_snapshot.h"
#include "cli/shared/measure_text.h"
#include "cli/shared/output.h"
#include "cli/shared/work_progress.h"
#include "expr/status_macros.h"
#include "search/store/run_lock.h"
#include "search/store/run_store.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kReasons = 5;       // shown
constexpr size_t kQuarantined = 10;  // shown
constexpr int kEvents = 5;
constexpr evaluator::Measure kKl = evaluator::Measure::kKl;

Json CommonestReasons(const std::map<std::string, int64_t>& reasons) {
  std::vector<std::pair<std::string, int64_t>> sorted(reasons.begin(), reasons.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (sorted.size() > kReasons) sorted.resize(kReasons);
  Json list = Json::array();
  for (const auto& [reason, count] : sorted) list.push_back({{"reason", reason}, {"count", count}});
  return list;
}

// Returns the candidates that were given up although they had an allocation to measure.
Json Quarantined(const std::vector<search::StoredCandidate>& candidates) {
  Json list = Json::array();
  for (const search::StoredCandidate& candidate : candidates) {
    if (candidate.failure.empty() || candidate.allocation.empty() || candidate.same_as) continue;
    list.push_back({{"candidate", candidate.id},
                    {"expression", candidate.text},
                    {"reason", candidate.failure}});
  }
  return list;
}

Json Events(const std::vector<search::StoredEvent>& events) {
  Json list = Json::array();
  for (const search::StoredEvent& event : events) {
    list.push_back(
        {{"unix_seconds", event.unix_seconds}, {"event", event.kind}, {"detail", event.detail}});
  }
  return list;
}

// Returns the state of a run that no process holds. A search writes run_started when it begins and
// finished when it ends, however it ends, so a killed one leaves run_started as the last of them.
std::string StateAtRest(const RunReport& report, const std::vector<search::StoredEvent>& events) {
  if (!report.end_reason.empty()) return "done";
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (event->kind == "finished") return "stopped";
    if (event->kind == "run_started") return "killed";
  }
  return "stopped";
}

std::string AgoText(double seconds) { return DurationText(std::max(0.0, seconds)) + " ago"; }

// Returns "perplexity 223.57" or "KL divergence 1.9123": the fitness of the best function.
std::string BestFitness(const Json& status) {
  const evaluator::Measure measure =
      status.contains(NatsKey("best_fitness", kKl)) ? kKl : evaluator::Measure::kLoss;
  const Json& nats = status[NatsKey("best_fitness", measure)];
  return fmt::format(
      "{} {}", ShownName(measure),
      ShownText(nats.is_number() ? std::optional(nats.get<double>()) : std::nullopt, measure));
}

std::string LiveText(const Json& live, double now, const Page& page) {
  std::string text = fmt::format(
      "{} at {:.2f} evaluations per second; {} work items at work, {} handed out again, {} begun "
      "a second time, {} results absorbed; written {}\n",
      live.value("doing", live.value("phase", "")), live.value("evaluations_per_second", 0.0),
      live.value("leases", 0), live.value("reissued_items", 0), live.value("hedged_items", 0),
      live.value("absorbed_results", 0), AgoText(now - live.value("unix_seconds", now)));
  const Json failures = live.value("failures", Json::object());
  for (const auto& [kind, count] : failures.items()) {
    if (count.is_number() && count > 0) text += fmt::format("  {} {}\n", kind, count.get<int>());
  }
  Table table({"worker", "state", "for", "results", "utilisation"},
              {Align::kLeft, Align::kLeft, Align::kRight, Align::kRight, Align::kRight});
  table.GiveWay(0);
  const Json workers = live.value("workers", Json::array());
  for (const Json& worker : workers) {
    table.AddRow({worker.value("name", ""), worker.value("state", ""),
                  DurationText(std::max(0.0, now - worker.value("since_unix_seconds", now))),
                  fmt::format("{}", worker.value("results", 0)),
                  fmt::format("{:.0f} %", 100 * worker.value("utilisation", 0.0))});
  }
  return workers.empty() ? text : text + table.Render(page);
}

}  // namespace

absl::StatusOr<Json> ReadRunStatus(const std::string& folder, double unix_seconds) {
  STRATA_ASSIGN_OR_RETURN(const auto report, ReadRunReport(folder));
  const RunMeasures measures = MeasuresOf(report.config);
  STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(folder));
  STRATA_ASSIGN_OR_RETURN(const RunTimes times, ReadRunTimes(*store));
  STRATA_ASSIGN_OR_RETURN(const auto candidates, store->Candidates());
  STRATA_ASSIGN_OR_RETURN(const auto reasons, store->FailureReasons());
  STRATA_ASSIGN_OR_RETURN(auto events, store->LastEvents(std::numeric_limits<int>::max()));
  STRATA_ASSIGN_OR_RETURN(const auto holder, search::RunLock::Holder(folder));
  STRATA_ASSIGN_OR_RETURN(const auto again, StoredContinueCommand(*store, folder));
  const std::string state = holder.has_value() ? "running" : StateAtRest(report, events);
  if (events.size() > kEvents) events.erase(events.begin(), events.end() - kEvents);

  Json status = {
      {"run", folder},
      {"state", state},
      {"process", holder.has_value() ? Json(*holder) : Json(nullptr)},
      {"end_reason", report.end_reason},
      {"continue", state == "killed" || state == "stopped" ? Json(again) : Json(nullptr)},
      {"target_sparsity", report.config.target_sparsity},
      {"evaluations", report.evaluations},
      {"maximum_evaluations", SearchEvaluationsOf(report.config)},
      {"candidates", report.candidates},
      {"search_seconds", times.search_seconds},
      {"seconds", times.seconds},
      {"stopped_early", report.stopped_early},
      {"finalists", report.finalists},
      {"failed", report.failed},
      {"best", report.best ? ToJson(*report.best, measures) : Json(nullptr)},
      {NatsKey("best_fitness", measures.fitness),
       report.best && report.best->fitness_nll ? Json(*report.best->fitness_nll) : Json(nullptr)},
      {"best_by", report.is_best_by_selection ? "selection" : "fitness"},
      {"selection",
       {{"measured", report.selected_finalists}, {"finalists", report.planned_finalists}}},
      {"selection_remark", DescribeSelection(report)},
      {"front", report.front.size()},
      {"hypervolume", report.hypervolume},
      {"failure_reasons", CommonestReasons(reasons)},
      {"quarantined", Quarantined(candidates)},
      {"last_events", Events(events)},
      {"unix_seconds", unix_seconds},
      {"live", nullptr}};
  if (holder.has_value()) {
    STRATA_ASSIGN_OR_RETURN(auto live, ReadSnapshot(folder));
    // A snapshot that another coordinator left says nothing about this one.
    if (live && live->value("process", 0) == std::atoi(holder->c_str())) {
      status["live"] = *std::move(live);
    }
  }
  return status;
}

std::string RunStatusText(const Json& status, double unix_seconds, const Page& page) {
  std::string state = status["state"];
  if (status["process"].is_string()) {
    state += fmt::format(", process {}", status["process"].get<std::string>());
  }
  if (!status["end_reason"].get<std::string>().empty()) {
    state += fmt::format("; the search ended by: {}", status["end_reason"].get<std::string>());
  }
  if (state == "killed") state += ": its process ended before the search did";
  std::string head = Folded(fmt::format("{}: {}\n", status["run"].get<std::string>(), state), page);
  if (status["continue"].is_string()) {
    // A command is copied to a shell, where line breaks would cut it apart.
    head += fmt::format("continue with: {}\n", status["continue"].get<std::string>());
  }
  const int64_t maximum = status["maximum_evaluations"];
  std::string text = fmt::format(
      "{} evaluations{} of {} candidates; {} failed, {} stopped early, {} finalists measured\n",
      status["evaluations"].get<int64_t>(), maximum > 0 ? fmt::format(" (of {})", maximum) : "",
      status["candidates"].get<int64_t>(), status["failed"].get<int64_t>(),
      status["stopped_early"].get<int64_t>(), status["finalists"].get<int64_t>());
  if (!status["best"].is_null()) {
    text += fmt::format("best: {}, fitness {}\n", status["best"].value("expression", ""),
                        BestFitness(status));
  }
  text += status["selection_remark"].get<std::string>();
  text += fmt::format("front of {} functions, hypervolume {:.6g}\n", status["front"].get<size_t>(),
                      status["hypervolume"].get<double>());
  if (!status["live"].is_null()) text += LiveText(status["live"], unix_seconds, page);
  for (const Json& reason : status["failure_reasons"]) {
    text += fmt::format("failed {} times: {}\n", reason["count"].get<int64_t>(),
                        reason["reason"].get<std::string>());
  }
  const Json& quarantined = status["quarantined"];
  for (size_t i = 0; i < std::min(kQuarantined, quarantined.size()); ++i) {
    text += fmt::format("quarantined: candidate {} {}: {}\n",
                        quarantined[i]["candidate"].get<int64_t>(),
                        quarantined[i]["expression"].get<std::string>(),
                        quarantined[i]["reason"].get<std::string>());
  }
  if (quarantined.size() > kQuarantined) {
    text += fmt::format("and {} more\n", quarantined.size() - kQuarantined);
  }
  for (const Json& event : status["last_events"]) {
    text += fmt::format("{}: {} {}\n", AgoText(unix_seconds - event["unix_seconds"].get<double>()),
                        event["event"].get<std::string>(), event["detail"].get<std::string>());
  }
  return head + Folded(text, page);
}

}  // namespace strata::cli

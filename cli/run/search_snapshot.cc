#include "cli/run/search_snapshot.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "cli/run/search_events.h"
#include "cli/shared/output.h"
#include "evaluator/files/output_file.h"
#include "search/engine/best_candidate.h"
#include "search/engine/progress.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string SnapshotPath(const std::string& run) { return run + "/status.json"; }

Json BestOf(const search::Engine& engine, const RunMeasures& measures) {
  const search::Candidate* best =
      search::BestCandidate(engine.candidates(), search::IsSelectionComplete(engine.phase()));
  if (best == nullptr) return nullptr;
  return {{"candidate", best->id},
          {"expression", best->text},
          {NatsKey("fitness", measures.fitness), *best->fitness_nll}};
}

}  // namespace

Json SearchSnapshot::Take(const search::Session& session, const workers::CoordinatorStatus& workers,
                          double unix_seconds) {
  const search::Engine& engine = session.engine();
  const double spent = session.seconds_spent();
  const search::FeatureCounts features = engine.feature_counts();
  Json list = Json::array();
  for (const workers::WorkerStatus& worker : workers.workers) {
    const std::string item = worker.connected ? worker.leased_item : "";
    Doing& doing = doing_.try_emplace(worker.name, Doing{item, unix_seconds}).first->second;
    if (doing.item != item) doing = {item, unix_seconds};
    const char* state = !worker.connected ? "gone" : item.empty() ? "idle" : "working";
    list.push_back({{"name", worker.name},
                    {"state", state},
                    {"work_item", item},
                    {"since_unix_seconds", doing.since},
                    {"results", worker.results},
                    {"utilisation",
                     worker.seen_seconds > 0 ? worker.busy_seconds / worker.seen_seconds : 0.0}});
  }
  return {{"process", getpid()},
          {"unix_seconds", unix_seconds},
          {"phase", search::PhaseName(engine.phase())},
          {"features_settled", features.settled},
          {"features_requested", features.requested},
          {"doing", search::PhaseText(engine.phase(), features)},
          {"evaluations", engine.evaluations()},
          {"candidates", engine.candidates().size()},
          {"search_seconds", spent},
          {"evaluations_per_second",
           spent > 0 ? static_cast<double>(engine.evaluations()) / spent : 0.0},
          {"best", BestOf(engine, measures_)},
          {"front", engine.Front().size()},
          {"hypervolume", engine.ArchiveHypervolume()},
          {"leases", workers.leased_items},
          {"reissued_items", workers.reissued_items},
          {"hedged_items", workers.hedged_items},
          {"failed_items", workers.failed_items},
          {"absorbed_results", workers.absorbed_results},
          {"refused_workers", workers.refused_workers},
          {"failures", FailuresByKind(workers.failures)},
          {"workers", std::move(list)}};
}

absl::Status WriteSnapshot(const std::string& run, const Json& snapshot) {
  return evaluator::WriteFileAtomically(SnapshotPath(run), JsonText(snapshot));
}

absl::StatusOr<std::optional<Json>> ReadSnapshot(const std::string& run) {
  std::ifstream file(SnapshotPath(run), std::ios::binary);
  if (!file) return std::optional<Json>();
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return std::optional<Json>(std::move(json));
  return absl::DataLossError(
      fmt::format("{}: expected a JSON object, found something else", SnapshotPath(run)));
}

}  // namespace strata::cli

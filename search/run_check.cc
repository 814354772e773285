#include "search/run_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace strata::search {
namespace {

constexpr size_t kMaximumProblems = 20;

// Rows that point at candidates which are not there, or at later ones.
void CheckLinks(const std::vector<StoredCandidate>& candidates, RunCheck* check) {
  for (size_t i = 0; i < candidates.size(); ++i) {
    const StoredCandidate& row = candidates[i];
    if (row.id != static_cast<int64_t>(i)) {
      check->problems.push_back(fmt::format("candidates: expected number {}, found {}", i, row.id));
      return;
    }
    std::vector<int64_t> earlier = row.lineage.parents;
    if (row.same_as) earlier.push_back(*row.same_as);
    for (const int64_t id : earlier) {
      if (id >= 0 && id < row.id) continue;
      check->problems.push_back(
          fmt::format("candidate {}: expected parents and the candidate it equals to be earlier "
                      "ones, found {}",
                      row.id, id));
    }
  }
}

// Of a task whose outcome is not stored: whether the candidate has a number that came of it.
std::string MissingOutcome(const SessionTask& task, int last_level,
                           const std::vector<StoredCandidate>& rows) {
  const auto* evaluate = std::get_if<EvaluateTask>(&task.task.work);
  if (evaluate == nullptr || evaluate->candidate >= static_cast<int64_t>(rows.size())) return "";
  const StoredCandidate& row = rows[static_cast<size_t>(evaluate->candidate)];
  const std::optional<double> number = evaluate->rung == Rung::kSelect   ? row.selection_nll
                                       : evaluate->rung == Rung::kVerify ? row.report_nll
                                       : evaluate->level == last_level   ? row.fitness_nll
                                                                         : std::nullopt;
  if (!number) return "";
  return fmt::format(
      "candidate {} has a loss of {}, but the outcome {} it must come from is not "
      "stored",
      row.id, *number, task.digest);
}

void Compare(const RawCandidates& stored, const RawCandidates& replayed, RunCheck* check) {
  for (const auto& [id, values] : stored.rows) {
    const auto found = replayed.rows.find(id);
    if (found == replayed.rows.end()) {
      check->problems.push_back(
          fmt::format("candidate {} is stored, and the replay does not breed it", id));
      continue;
    }
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] == found->second[i]) continue;
      check->problems.push_back(
          fmt::format("candidate {}: its stored {} is not what the replay "
                      "of the stored outcomes gives",
                      id, stored.columns[i]));
      break;
    }
  }
  for (const auto& [id, values] : replayed.rows) {
    if (stored.rows.contains(id)) continue;
    check->problems.push_back(fmt::format("candidate {} of the replay is not stored", id));
  }
}

void CompareRefined(const std::vector<RefinedResult>& stored,
                    const std::vector<RefinedResult>& replayed, RunCheck* check) {
  for (size_t i = 0; i < std::max(stored.size(), replayed.size()); ++i) {
    if (i < stored.size() && i < replayed.size() && stored[i] == replayed[i]) continue;
    check->problems.push_back(fmt::format(
        "refined allocation {}: what is stored is not what the replay of the stored outcomes gives",
        i));
  }
}

void Shorten(RunCheck* check) {
  const size_t count = check->problems.size();
  if (count <= kMaximumProblems) return;
  check->problems.resize(kMaximumProblems - 1);
  check->problems.push_back(fmt::format("and {} more", count - kMaximumProblems + 1));
}

}  // namespace

absl::StatusOr<RunCheck> CheckDatabase(const RunStore& store) {
  RunCheck check;
  auto problems = store.IntegrityProblems();
  if (!problems.ok()) return problems.status();
  for (const std::string& problem : *problems) check.problems.push_back("database: " + problem);
  const auto outcomes = store.CheckOutcomes();
  if (!outcomes.ok()) return outcomes.status();
  check.outcomes = static_cast<int64_t>(outcomes->size());
  for (const auto& [digest, problem] : *outcomes) {
    if (problem.empty()) continue;
    check.problems.push_back(fmt::format("outcome {}: {}", digest, problem));
  }
  Shorten(&check);
  return check;
}

absl::Status CheckReplay(SessionOptions options, const expr::UnitLayout& layout, RunStore* copy,
                         RunCheck* check) {
  const auto stored = copy->CandidatesAsStored();
  if (!stored.ok()) return stored.status();
  const auto rows = copy->Candidates();
  if (!rows.ok()) return rows.status();
  check->candidates = static_cast<int64_t>(rows->size());
  const auto refined = copy->Refined();
  if (!refined.ok()) return refined.status();
  CheckLinks(*rows, check);

  options.budget_seconds = 0;
  options.extend = false;
  options.now_seconds = [] { return 0.0; };
  const int last_level = options.engine.ladder.levels - 1;
  auto session = Session::Create(options, layout, copy);
  if (!session.ok()) return session.status();
  for (;;) {
    const auto action = (*session)->Next();
    if (!action.ok()) return action.status();
    const auto* task = std::get_if<SessionTask>(&*action);
    if (task == nullptr) break;
    if ((*session)->refinement() != nullptr) continue;  // CompareRefined sees what is missing
    const std::string missing = MissingOutcome(*task, last_level, *rows);
    if (!missing.empty()) check->problems.push_back(missing);
  }
  const absl::Status written = (*session)->Commit();
  if (!written.ok()) return written;
  const auto replayed = copy->CandidatesAsStored();
  if (!replayed.ok()) return replayed.status();
  Compare(*stored, *replayed, check);
  const auto refined_again = copy->Refined();
  if (!refined_again.ok()) return refined_again.status();
  CompareRefined(*refined, *refined_again, check);
  Shorten(check);
  return absl::OkStatus();
}

}  // namespace strata::search

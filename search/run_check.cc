#include "search/run_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "expr/status_macros.h"

namespace strata::search {
namespace {

constexpr size_t kMaximumProblems = 20;

// Finds rows that refer to missing or later candidates.
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

// Returns a problem if the outcome of the work item is not stored but its candidate has a number
// that must come from it; else an empty text.
std::string MissingOutcome(const SessionItem& item, int last_rung,
                           const std::vector<StoredCandidate>& rows) {
  const auto* evaluate = std::get_if<EvaluateWork>(&item.item.work);
  // References are measured of no candidate.
  if (evaluate == nullptr || evaluate->candidate < 0 ||
      evaluate->candidate >= static_cast<int64_t>(rows.size())) {
    return "";
  }
  const StoredCandidate& row = rows[static_cast<size_t>(evaluate->candidate)];
  const std::optional<double> number = evaluate->stage == Stage::kSelect   ? row.selection_nll
                                       : evaluate->stage == Stage::kVerify ? row.report_nll
                                       : evaluate->rung == last_rung       ? row.fitness_nll
                                                                           : std::nullopt;
  if (!number) return "";
  return fmt::format(
      "candidate {} has a loss of {}, but the outcome {} it must come from is not "
      "stored",
      row.id, *number, item.digest);
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
  STRATA_ASSIGN_OR_RETURN(auto problems, store.IntegrityProblems());
  for (const std::string& problem : problems) check.problems.push_back("database: " + problem);
  STRATA_ASSIGN_OR_RETURN(const auto outcomes, store.CheckOutcomes());
  check.outcomes = static_cast<int64_t>(outcomes.size());
  for (const auto& [digest, problem] : outcomes) {
    if (problem.empty()) continue;
    check.problems.push_back(fmt::format("outcome {}: {}", digest, problem));
  }
  Shorten(&check);
  return check;
}

absl::Status CheckReplay(SessionOptions options, const expr::UnitLayout& layout, RunStore* copy,
                         RunCheck* check) {
  STRATA_ASSIGN_OR_RETURN(const auto stored, copy->CandidatesAsStored());
  STRATA_ASSIGN_OR_RETURN(const auto rows, copy->Candidates());
  check->candidates = static_cast<int64_t>(rows.size());
  STRATA_ASSIGN_OR_RETURN(const auto refined, copy->Refined());
  CheckLinks(rows, check);

  options.budget_seconds = 0;
  options.extend = false;
  options.now_seconds = [] { return 0.0; };
  const int last_rung = options.engine.ladder.rungs - 1;
  STRATA_ASSIGN_OR_RETURN(auto session, Session::Create(options, layout, copy));
  for (;;) {
    STRATA_ASSIGN_OR_RETURN(const auto action, session->Next());
    const auto* item = std::get_if<SessionItem>(&action);
    if (item == nullptr) break;
    if (session->refinement() != nullptr) continue;  // CompareRefined sees what is missing
    const std::string missing = MissingOutcome(*item, last_rung, rows);
    if (!missing.empty()) check->problems.push_back(missing);
  }
  const absl::Status written = session->Commit();
  if (!written.ok()) return written;
  STRATA_ASSIGN_OR_RETURN(const auto replayed, copy->CandidatesAsStored());
  Compare(stored, replayed, check);
  STRATA_ASSIGN_OR_RETURN(const auto refined_again, copy->Refined());
  CompareRefined(refined, refined_again, check);
  Shorten(check);
  return absl::OkStatus();
}

}  // namespace strata::search

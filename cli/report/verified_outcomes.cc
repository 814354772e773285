#include "cli/report/verified_outcomes.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "expr/status_macros.h"
#include "search/work_contexts.h"

namespace strata::cli {
namespace {

using search::StoredCandidate;

// Returns the candidate that was measured for `candidate`. Candidates with the same allocation were
// measured once, as the first of them.
absl::StatusOr<const StoredCandidate*> MeasuredAs(const StoredCandidate& candidate,
                                                  const std::vector<StoredCandidate>& candidates) {
  if (!candidate.same_as) return &candidate;
  const int64_t first = *candidate.same_as;
  if (first >= 0 && first < static_cast<int64_t>(candidates.size())) {
    return &candidates[static_cast<size_t>(first)];
  }
  return absl::DataLossError(
      fmt::format("candidate {} has the allocation of candidate {}, of {}: found none",
                  candidate.id, first, candidates.size()));
}

}  // namespace

absl::StatusOr<search::EvaluateOutcome> ReadVerifiedOutcome(const search::RunStore& store,
                                                            const expr::Allocation& allocation,
                                                            std::string_view of) {
  STRATA_ASSIGN_OR_RETURN(const auto context, store.Property(search::kVerifyContextProperty));
  const search::WorkItem item{0, search::EvaluateWork{0, search::Stage::kVerify, allocation}};
  const std::string digest = search::WorkDigest(context.value_or(""), item);
  STRATA_ASSIGN_OR_RETURN(auto outcome, store.FindOutcome(digest));
  if (outcome.has_value()) {
    if (auto* measured = std::get_if<search::EvaluateOutcome>(&*outcome)) {
      return std::move(*measured);
    }
  }
  return absl::DataLossError(
      fmt::format("expected the measurement {} {} on the report split, found none", digest, of));
}

absl::StatusOr<VerifiedOutcomes> ReadVerifiedOutcomes(
    const search::RunStore& store, const std::vector<StoredCandidate>& candidates) {
  VerifiedOutcomes outcomes;
  for (const StoredCandidate& candidate : candidates) {
    if (!candidate.report_nll) continue;
    STRATA_ASSIGN_OR_RETURN(const auto measured, MeasuredAs(candidate, candidates));
    STRATA_ASSIGN_OR_RETURN(auto outcome,
                            ReadVerifiedOutcome(store, measured->allocation, "of a candidate"));
    outcomes[candidate.id] = std::move(outcome);
  }
  return outcomes;
}

std::map<int64_t, PairedDifference> CompareWithBaseline(const VerifiedOutcomes& outcomes,
                                                        int64_t baseline) {
  std::map<int64_t, PairedDifference> differences;
  const auto other = outcomes.find(baseline);
  if (other == outcomes.end()) return differences;
  for (const auto& [id, outcome] : outcomes) {
    const auto difference = ComparePaired(other->second.window_nll, outcome.window_nll);
    if (difference) differences[id] = *difference;
  }
  return differences;
}

}  // namespace strata::cli

#include "search/engine/candidate_resolver.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "expr/baselines.h"
#include "expr/blockwise.h"
#include "expr/status_macros.h"
#include "search/strategy/strategy.h"

namespace strata::search {
namespace {

// Returns the allocations of all scenarios, one after the other.
expr::Allocation AllSparsities(const Candidate& candidate) {
  expr::Allocation all = candidate.allocation;
  for (size_t i = 1; i < candidate.scenarios.size(); ++i) {
    const expr::Allocation& further = candidate.scenarios[i].allocation;
    all.insert(all.end(), further.begin(), further.end());
  }
  return all;
}

// The kinds of work that a feature needs. Features that need the same are measured together; the
// work of a single pass is the smallest.
using Work = std::tuple<bool, bool, bool, bool, bool, bool>;
Work WorkOf(const std::string& feature) {
  const absl::StatusOr<expr::Expression> expression = expr::ParseExpression(feature);
  if (!expression.ok()) return {};  // the worker reports what is wrong with it
  const expr::Needs needs = expr::NeedsOf(*expression);
  const bool takes_long =
      needs.gradients || needs.gradient_free || needs.spectra || needs.distortion || needs.slopes;
  const bool of_blocks = takes_long && expr::FeatureOfBlocks(feature).has_value();
  return {needs.distortion,    needs.slopes,    needs.spectra,
          needs.gradient_free, needs.gradients, of_blocks};
}

}  // namespace

CandidateResolver::CandidateResolver(const Scenarios* scenarios) : scenarios_(scenarios) {
  for (int i = 0; i < scenarios->subjects(); ++i) ledgers_.emplace_back(scenarios->layout(i));
}

bool CandidateResolver::TakesLong(const std::string& feature) { return WorkOf(feature) != Work{}; }

std::vector<ProfileWork> CandidateResolver::Ask(const std::vector<std::string>& features) {
  std::vector<ProfileWork> items;
  for (size_t subject = 0; subject < ledgers_.size(); ++subject) {
    std::map<Work, std::vector<std::string>> by_work;
    for (std::string& feature : ledgers_[subject].TakeUnasked(features)) {
      by_work[WorkOf(feature)].push_back(std::move(feature));
    }
    for (auto& [work, together] : by_work) {
      items.push_back({std::move(together), static_cast<int>(subject)});
    }
  }
  return items;
}

absl::StatusOr<std::vector<ProfileWork>> CandidateResolver::Settle(const ProfileWork& item,
                                                                   const Outcome& outcome) {
  STRATA_ASSIGN_OR_RETURN(
      const std::vector<std::string> again,
      ledgers_[static_cast<size_t>(item.subject)].Settle(item.features, outcome));
  std::vector<ProfileWork> items;
  for (const std::string& feature : again) items.push_back({{feature}, item.subject});
  return items;
}

bool CandidateResolver::AreSettled(const std::vector<std::string>& features) const {
  return std::all_of(ledgers_.begin(), ledgers_.end(),
                     [&](const FeatureLedger& ledger) { return ledger.AreSettled(features); });
}

void CandidateResolver::Resolve(const expr::Expression& expression,
                                const std::vector<std::string>& features,
                                Candidate* candidate) const {
  std::vector<const expr::FeatureTable*> tables;
  for (const FeatureLedger& ledger : ledgers_) {
    candidate->failure = ledger.FailureAmong(features);
    if (!candidate->failure.empty()) return;
    tables.push_back(&ledger.table());
  }
  auto allocations = scenarios_->Allocate(expression, tables);
  if (!allocations.ok()) {
    candidate->failure = std::string(allocations.status().message());
    return;
  }
  candidate->allocation = allocations->front();
  if (allocations->size() == 1) return;
  for (expr::Allocation& allocation : *allocations) {
    candidate->scenarios.push_back({.allocation = std::move(allocation)});
  }
}

std::optional<int64_t> CandidateResolver::FindSame(const Candidate& candidate,
                                                   const std::vector<Candidate>& candidates) {
  const expr::Allocation all = AllSparsities(candidate);
  const auto [first, is_new] = first_with_hash_.try_emplace(AllocationHash(all), candidate.id);
  if (is_new) return std::nullopt;
  // Candidates that only share a hash are not the same.
  const Candidate& known = candidates[static_cast<size_t>(first->second)];
  if (expr::QuantizedKey(AllSparsities(known)) != expr::QuantizedKey(all)) return std::nullopt;
  return first->second;
}

}  // namespace strata::search

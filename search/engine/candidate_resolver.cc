#include "search/engine/candidate_resolver.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "expr/baselines.h"
#include "expr/blockwise.h"
#include "search/strategy/allocation_hash.h"

namespace strata::search {
namespace {

// The allocations of all scenarios, one after the other.
expr::Allocation AllSparsities(const Candidate& candidate) {
  expr::Allocation all = candidate.allocation;
  for (size_t i = 1; i < candidate.scenarios.size(); ++i) {
    const expr::Allocation& further = candidate.scenarios[i].allocation;
    all.insert(all.end(), further.begin(), further.end());
  }
  return all;
}

// What must be done to measure a feature: features with equal ones share it, and that of one pass
// is the least.
using Work = std::tuple<bool, bool, bool, bool, bool, bool>;
Work WorkOf(const std::string& feature) {
  const absl::StatusOr<expr::Expression> expression = expr::ParseExpression(feature);
  if (!expression.ok()) return {};  // the worker says what is wrong with it
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

std::vector<ProfileTask> CandidateResolver::Ask(const std::vector<std::string>& features) {
  std::vector<ProfileTask> tasks;
  for (size_t subject = 0; subject < ledgers_.size(); ++subject) {
    std::map<Work, std::vector<std::string>> by_work;
    for (std::string& feature : ledgers_[subject].TakeUnasked(features)) {
      by_work[WorkOf(feature)].push_back(std::move(feature));
    }
    for (auto& [work, together] : by_work) {
      tasks.push_back({std::move(together), static_cast<int>(subject)});
    }
  }
  return tasks;
}

absl::StatusOr<std::vector<ProfileTask>> CandidateResolver::Settle(const ProfileTask& task,
                                                                   const Outcome& outcome) {
  const absl::StatusOr<std::vector<std::string>> again =
      ledgers_[static_cast<size_t>(task.subject)].Settle(task.features, outcome);
  if (!again.ok()) return again.status();
  std::vector<ProfileTask> tasks;
  for (const std::string& feature : *again) tasks.push_back({{feature}, task.subject});
  return tasks;
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
  // Two that only share a hash are not the same.
  const Candidate& known = candidates[static_cast<size_t>(first->second)];
  if (expr::QuantizedKey(AllSparsities(known)) != expr::QuantizedKey(all)) return std::nullopt;
  return first->second;
}

}  // namespace strata::search

#include "search/engine/candidate_resolver.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "expr/baselines.h"
#include "expr/blockwise.h"
#include "expr/descent.h"
#include "expr/operator_table.h"
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

// The pass over the model that measures a feature. Features of the same pass are measured together.
struct Pass {
  expr::Needs needs = {};
  bool of_blocks = false;
  // The tensor that is reduced, as text; empty for what a calibration says of blocks and linears,
  // and for gradients, whose backward pass costs far more than their reductions.
  std::string tensor = {};

  auto Key() const {
    return std::tie(needs.distortion, needs.slopes, needs.spectra, needs.gradient_free,
                    needs.gradients, of_blocks, tensor);
  }
  friend bool operator<(const Pass& a, const Pass& b) { return a.Key() < b.Key(); }
};

std::string TensorOf(const expr::Expression& feature) {
  const expr::Operator& op = expr::OperatorOf(feature.op);
  if (op.kind == expr::OperatorKind::kReduction) {
    return expr::PrintExpression(feature.children.front());
  }
  return op.name == "outliers" ? "WX" : op.name == "alpha" ? "W" : "";
}

Pass PassOf(const std::string& feature) {
  const std::optional<std::string> of_blocks = expr::FeatureOfBlocks(feature);
  const absl::StatusOr<expr::Expression> expression =
      expr::ParseExpression(of_blocks.value_or(feature));
  // The worker reports what is wrong with it.
  if (!expression.ok()) return {.tensor = feature};
  const expr::Needs needs = expr::NeedsOf(*expression);
  return {needs, of_blocks.has_value(), needs.gradients ? "" : TensorOf(*expression)};
}

// Returns the features and, before each feature of a pruned model, those that its operand needs.
std::vector<std::string> WithOperands(const std::vector<std::string>& features) {
  std::vector<std::string> all;
  for (const std::string& feature : features) {
    if (const std::optional<expr::Expression> parsed = expr::PrunedFeature(feature)) {
      for (std::string& needed : WithOperands(expr::RequiredFeatures(parsed->children[0]))) {
        all.push_back(std::move(needed));
      }
    }
    all.push_back(feature);
  }
  return all;
}

}  // namespace

CandidateResolver::CandidateResolver(const Scenarios* scenarios) : scenarios_(scenarios) {
  for (int i = 0; i < scenarios->subjects(); ++i) ledgers_.emplace_back(scenarios->layout(i));
}

bool CandidateResolver::TakesLong(const std::string& feature) {
  return PassOf(feature).needs.takes_long();
}

std::vector<ProfileWork> CandidateResolver::Ask(const std::vector<std::string>& features) {
  std::vector<ProfileWork> items;
  const std::vector<std::string> wanted = WithOperands(features);
  for (size_t subject = 0; subject < ledgers_.size(); ++subject) {
    std::map<Pass, std::vector<std::string>> by_pass;
    for (std::string& feature : ledgers_[subject].TakeUnasked(wanted)) {
      if (std::optional<expr::Expression> parsed = expr::PrunedFeature(feature)) {
        std::vector<std::string> needed = expr::RequiredFeatures(parsed->children[0]);
        waiting_.push_back(
            {static_cast<int>(subject), std::move(feature), *std::move(parsed), std::move(needed)});
        continue;
      }
      by_pass[PassOf(feature)].push_back(std::move(feature));
    }
    for (auto& [pass, together] : by_pass) {
      items.push_back({std::move(together), static_cast<int>(subject)});
    }
  }
  return items;
}

std::vector<ProfileWork> CandidateResolver::TakeReady() {
  std::vector<ProfileWork> ready;
  // A failure may settle what others wait for.
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (size_t i = 0; i < waiting_.size();) {
      const auto subject = static_cast<size_t>(waiting_[i].subject);
      if (!ledgers_[subject].AreSettled(waiting_[i].needed)) {
        ++i;
        continue;
      }
      const Waiting taken = std::move(waiting_[i]);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
      if (std::optional<ProfileWork> item = Start(taken)) {
        ready.push_back(*std::move(item));
      } else {
        goes_on = true;
      }
    }
  }
  return ready;
}

std::optional<ProfileWork> CandidateResolver::Start(const Waiting& waiting) {
  FeatureLedger& ledger = ledgers_[static_cast<size_t>(waiting.subject)];
  std::string failure = ledger.FailureAmong(waiting.needed);
  if (failure.empty()) {
    auto allocation = expr::OperandAllocation(waiting.parsed, ledger.table());
    if (allocation.ok()) {
      return ProfileWork{{waiting.feature}, waiting.subject, {{waiting.feature, *allocation}}};
    }
    failure = std::string(allocation.status().message());
  }
  ledger.Fail(waiting.feature, failure);
  return std::nullopt;
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

FeatureCounts CandidateResolver::counts() const {
  FeatureCounts all;
  for (const FeatureLedger& ledger : ledgers_) {
    all.requested += ledger.counts().requested;
    all.settled += ledger.counts().settled;
  }
  return all;
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

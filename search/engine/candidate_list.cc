#include "search/engine/candidate_list.h"

#include <fmt/format.h>

#include <utility>

namespace strata::search {

void CandidateList::Add(Candidate candidate) {
  const int64_t id = candidate.id;
  all_.push_back(std::move(candidate));
  is_changed_.push_back(true);
  changed_.push_back(id);
}

Candidate& CandidateList::Change(int64_t id) {
  const auto index = static_cast<size_t>(id);
  if (!is_changed_[index]) {
    is_changed_[index] = true;
    changed_.push_back(id);
  }
  return all_[index];
}

void CandidateList::SetFitness(int64_t id, const ScenarioOutcome& result,
                               const std::vector<std::string>& objectives) {
  Candidate& candidate = Change(id);
  candidate.fitness_nll = result.combined.mean_nll;
  for (const std::string& name : objectives) {
    const auto found = result.combined.measures.find(name);
    if (found != result.combined.measures.end()) candidate.measures.push_back(found->second);
  }
  for (size_t i = 0; i < candidate.scenarios.size(); ++i) {
    candidate.scenarios[i].fitness_nll = result.nll[i];
    candidate.scenarios[i].achieved_sparsity = result.achieved[i];
  }
}

void CandidateList::CopyResult(int64_t copy_id) {
  Candidate& copy = Change(copy_id);
  const Candidate& measured = (*this)[*copy.same_as];
  copy.fitness_nll = measured.fitness_nll;
  copy.measures = measured.measures;
  copy.rung_nll = measured.rung_nll;
  copy.stopped_early = measured.stopped_early;
  copy.achieved_sparsity = measured.achieved_sparsity;
  for (size_t i = 0; i < measured.scenarios.size(); ++i) {
    copy.scenarios[i].fitness_nll = measured.scenarios[i].fitness_nll;
    copy.scenarios[i].achieved_sparsity = measured.scenarios[i].achieved_sparsity;
  }
  if (!measured.failure.empty()) {
    copy.failure = fmt::format("same allocation as candidate {}, which failed: {}", measured.id,
                               measured.failure);
  }
}

void CandidateList::CopyLater(int64_t copy) { waiting_[*(*this)[copy].same_as].push_back(copy); }

std::vector<int64_t> CandidateList::CopyToAll(int64_t measured) {
  const auto found = waiting_.extract(measured);
  if (found.empty()) return {};
  for (const int64_t copy : found.mapped()) CopyResult(copy);
  return found.mapped();
}

void CandidateList::Truncate(int64_t kept) {
  if (count() <= kept) return;
  all_.resize(static_cast<size_t>(kept));
  is_changed_.resize(static_cast<size_t>(kept));
  const auto is_gone = [&](int64_t id) { return id >= kept; };
  std::erase_if(changed_, is_gone);
  for (auto& [measured, copies] : waiting_) std::erase_if(copies, is_gone);
}

std::vector<int64_t> CandidateList::TakeChanged() {
  std::vector<int64_t> changed = std::exchange(changed_, {});
  for (const int64_t id : changed) is_changed_[static_cast<size_t>(id)] = false;
  return changed;
}

}  // namespace strata::search

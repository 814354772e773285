#include "search/archive.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace strata::search {
namespace {

const Candidate& At(const std::vector<Candidate>& candidates, int64_t id) {
  return candidates[static_cast<size_t>(id)];
}

// The front of the candidates outside `excluded`.
std::vector<int64_t> FrontWithout(const std::set<int64_t>& excluded,
                                  const std::vector<Candidate>& candidates) {
  std::vector<std::tuple<int, double, int64_t>> order;
  for (const Candidate& candidate : candidates) {
    if (!candidate.fitness_nll || excluded.contains(candidate.id)) continue;
    order.emplace_back(candidate.complexity, *candidate.fitness_nll, candidate.id);
  }
  std::sort(order.begin(), order.end());
  std::vector<int64_t> front;
  for (const auto& [complexity, fitness, id] : order) {
    if (front.empty() || fitness < *At(candidates, front.back()).fitness_nll) front.push_back(id);
  }
  return front;
}

// The operators of a tree without their numbers, in prefix order; the arities make it unambiguous.
void AppendForm(const expr::Expression& expression, std::string* form) {
  form->push_back(static_cast<char>(expression.op));
  for (const expr::Expression& child : expression.children) AppendForm(child, form);
}

}  // namespace

std::vector<int64_t> ParetoFront(const std::vector<Candidate>& candidates) {
  return FrontWithout({}, candidates);
}

std::vector<int64_t> BestOfBaselines(const std::vector<Candidate>& candidates,
                                     const std::vector<int>& baseline_of) {
  std::map<int, int64_t> best;
  for (size_t id = 0; id < std::min(candidates.size(), baseline_of.size()); ++id) {
    if (!candidates[id].fitness_nll) continue;
    const auto [found, first] = best.try_emplace(baseline_of[id], static_cast<int64_t>(id));
    if (!first && *candidates[id].fitness_nll < *At(candidates, found->second).fitness_nll) {
      found->second = static_cast<int64_t>(id);
    }
  }
  std::vector<int64_t> ids;
  for (const auto& [baseline, id] : best) ids.push_back(id);
  return ids;
}

int64_t MeasuredAs(const Candidate& candidate) { return candidate.same_as.value_or(candidate.id); }

std::vector<int64_t> Finalists(const std::vector<Candidate>& candidates,
                               const std::vector<int64_t>& best_of_baselines, int finalists) {
  std::vector<int64_t> chosen;
  std::set<int64_t> taken;
  std::set<std::string> forms;
  const auto take = [&](int64_t id, bool same_form_allowed) {
    // An expression of another form with the same allocation would be measured as this one.
    const int64_t measured = MeasuredAs(At(candidates, id));
    std::string form;
    AppendForm(At(candidates, measured).expression, &form);
    if (!same_form_allowed && forms.contains(form)) return false;
    if (!taken.insert(measured).second) return false;
    forms.insert(std::move(form));
    chosen.push_back(measured);
    return true;
  };
  for (const int64_t id : best_of_baselines) take(id, true);
  int room = finalists;
  std::set<int64_t> passed;
  std::vector<int64_t> front = ParetoFront(candidates);
  for (bool first = true; room > 0 && !front.empty(); first = false) {
    // A front falls in fitness_nll with rising complexity, so its end is its best.
    for (auto id = front.rbegin(); id != front.rend() && room > 0; ++id) {
      if (take(*id, first)) --room;
    }
    passed.insert(front.begin(), front.end());
    front = FrontWithout(passed, candidates);
  }
  return chosen;
}

}  // namespace strata::search

#include "search/engine/archive.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "search/engine/progress.h"

namespace strata::search {
namespace {

const Candidate& At(const std::vector<Candidate>& candidates, int64_t id) {
  return candidates[static_cast<size_t>(id)];
}

struct Point {
  int complexity = 0;
  double fitness_nll = 0;
  int64_t id = 0;
  Objectives objectives;
};

// Returns the candidates with a fitness, by complexity, then fitness_nll, then the other
// objectives.
std::vector<Point> PointsOf(const std::vector<Candidate>& candidates,
                            const std::vector<std::string>& names) {
  std::vector<Point> points;
  for (const Candidate& candidate : candidates) {
    std::optional<Objectives> objectives = ObjectivesOf(candidate, names);
    if (!objectives) continue;
    points.push_back(
        {candidate.complexity, *candidate.fitness_nll, candidate.id, *std::move(objectives)});
  }
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return std::tie(a.complexity, a.fitness_nll, a.objectives, a.id) <
           std::tie(b.complexity, b.fitness_nll, b.objectives, b.id);
  });
  return points;
}

// Removes the front from `points`, which stay in order, and returns its ids.
std::vector<int64_t> TakeFront(std::vector<Point>* points) {
  std::vector<Point> front, rest;
  for (Point& point : *points) {
    // A point that dominates another comes before it in the order, except if complexity is no
    // objective.
    const bool is_covered = std::any_of(front.begin(), front.end(), [&](const Point& member) {
      return member.objectives == point.objectives ||
             Dominates(member.objectives, point.objectives);
    });
    if (is_covered) {
      rest.push_back(std::move(point));
      continue;
    }
    const auto beaten = std::stable_partition(front.begin(), front.end(), [&](const Point& member) {
      return !Dominates(point.objectives, member.objectives);
    });
    std::move(beaten, front.end(), std::back_inserter(rest));
    front.erase(beaten, front.end());
    front.push_back(std::move(point));
  }
  *points = std::move(rest);
  std::vector<int64_t> ids;
  for (const Point& point : front) ids.push_back(point.id);
  return ids;
}

// Appends the operators of a tree without their numbers, in prefix order. The arities make the text
// unambiguous.
void AppendForm(const expr::Expression& expression, std::string* form) {
  form->push_back(static_cast<char>(expression.op));
  for (const expr::Expression& child : expression.children) AppendForm(child, form);
}

}  // namespace

std::vector<int64_t> ParetoFront(const std::vector<Candidate>& candidates,
                                 const std::vector<std::string>& objectives) {
  std::vector<Point> points = PointsOf(candidates, objectives);
  return TakeFront(&points);
}

std::vector<int64_t> BestOfBaselines(const std::vector<Candidate>& candidates,
                                     const std::map<int64_t, int>& baseline_of) {
  std::map<int, int64_t> best;
  for (const auto& [id, baseline] : baseline_of) {
    if (id >= static_cast<int64_t>(candidates.size()) || !At(candidates, id).fitness_nll) continue;
    const auto [found, is_first] = best.try_emplace(baseline, id);
    if (!is_first && *At(candidates, id).fitness_nll < *At(candidates, found->second).fitness_nll) {
      found->second = id;
    }
  }
  std::vector<int64_t> ids;
  for (const auto& [baseline, id] : best) ids.push_back(id);
  return ids;
}

int64_t MeasuredAs(const Candidate& candidate) { return candidate.same_as.value_or(candidate.id); }

std::vector<int64_t> Finalists(const std::vector<Candidate>& candidates,
                               const std::vector<std::string>& objectives,
                               const std::vector<int64_t>& best_of_baselines, int finalists) {
  std::vector<int64_t> chosen;
  std::set<int64_t> taken;
  std::set<std::string> forms;
  const auto take = [&](int64_t id, bool same_form_allowed) {
    // An expression of another form with the same allocation would be measured as this one.
    const int64_t measured = MeasuredAs(At(candidates, id));
    std::string form;
    AppendForm(*expr::ParseExpression(At(candidates, measured).text), &form);
    if (!same_form_allowed && forms.contains(form)) return false;
    if (!taken.insert(measured).second) return false;
    forms.insert(std::move(form));
    chosen.push_back(measured);
    return true;
  };
  for (const int64_t id : best_of_baselines) take(id, true);
  int room = finalists;
  std::vector<Point> points = PointsOf(candidates, objectives);
  std::vector<int64_t> front = TakeFront(&points);
  for (bool first = true; room > 0 && !front.empty(); first = false) {
    std::stable_sort(front.begin(), front.end(), [&](int64_t a, int64_t b) {
      return *At(candidates, a).fitness_nll < *At(candidates, b).fitness_nll;
    });
    for (size_t i = 0; i < front.size() && room > 0; ++i) {
      if (take(front[i], first)) --room;
    }
    front = TakeFront(&points);
  }
  return chosen;
}

}  // namespace strata::search

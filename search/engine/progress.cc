#include "search/engine/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace strata::search {
namespace {

constexpr double kLargestError = 1;

Objectives EpsilonsOf(const EngineOptions& options) {
  Objectives epsilons;
  for (const std::string& name : options.objectives) {
    epsilons.push_back(name == kComplexity ? 0.0 : options.epsilon);
  }
  return epsilons;
}

}  // namespace

const char* PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kSearching:
      return "search";
    case Phase::kDraining:
      return "finish";
    case Phase::kSelecting:
      return "select";
    case Phase::kVerifying:
      return "verify";
    case Phase::kDone:
      return "done";
  }
  return "";
}

std::string PhaseText(Phase phase, const FeatureCounts& features) {
  if (phase != Phase::kSearching || features.settled == features.requested) return PhaseName(phase);
  return fmt::format("features {}/{}", features.settled, features.requested);
}

int NodeObjective(const std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), kComplexity);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

std::optional<Objectives> ObjectivesOf(const Candidate& candidate,
                                       const std::vector<std::string>& names) {
  if (!candidate.fitness_nll) return std::nullopt;
  Objectives objectives;
  size_t measure = 0;
  for (const std::string& name : names) {
    const int scenario = ScenarioOfLossName(name);
    objectives.push_back(scenario >= 0
                             ? *candidate.scenarios[static_cast<size_t>(scenario)].fitness_nll
                         : name == kLoss       ? *candidate.fitness_nll
                         : name == kComplexity ? static_cast<double>(candidate.complexity)
                                               : candidate.measures[measure++]);
  }
  return objectives;
}

Objectives HypervolumeReference(Objectives first, const std::vector<std::string>& names,
                                double largest_nodes) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == kComplexity) first[i] = largest_nodes;
    // An error takes few values, so that of the first candidate may already be the lowest.
    if (names[i] == kZeroShotError) first[i] = kLargestError;
  }
  return first;
}

SearchProgress::SearchProgress(const EngineOptions& options)
    : names_(options.objectives),
      largest_nodes_(options.strategy.variation.maximum_nodes + 1),
      archive_(EpsilonsOf(options)) {}

void SearchProgress::Add(const Candidate& candidate) {
  std::optional<Objectives> objectives = ObjectivesOf(candidate, names_);
  const bool is_evaluation = !candidate.same_as && !candidate.allocation.empty();
  if (objectives && reference_.empty()) {
    reference_ = HypervolumeReference(*objectives, names_, largest_nodes_);
  }
  if (objectives && archive_.Insert(candidate.id, *std::move(objectives))) {
    hypervolume_ = archive_.HypervolumeTo(reference_);
    idle_evaluations_ = 0;
  } else if (is_evaluation) {
    ++idle_evaluations_;
  }
}

std::vector<int64_t> SearchProgress::Front(const std::vector<Candidate>& candidates) const {
  std::vector<int64_t> ids;
  for (const auto& member : archive_.members()) ids.push_back(member.id);
  const auto order = [&](int64_t id) {
    const Candidate& candidate = candidates[static_cast<size_t>(id)];
    return std::tuple(candidate.complexity, *candidate.fitness_nll, id);
  };
  std::sort(ids.begin(), ids.end(), [&](int64_t a, int64_t b) { return order(a) < order(b); });
  return ids;
}

}  // namespace strata::search

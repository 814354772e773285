#include "search/engine/scenarios.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <utility>

namespace strata::search {
namespace {

// Smallest damage, in nats. Below it, a share of the damage is noise divided by noise.
constexpr double kLeastDamage = 1e-3;

size_t Index(int i) { return static_cast<size_t>(i); }

}  // namespace

double RelativeLoss(const std::vector<double>& nll, const std::vector<ReferenceLosses>& references,
                    Aggregate aggregate) {
  if (nll.size() == 1) return nll.front();
  double sum = 0, worst = 0;
  for (size_t i = 0; i < nll.size(); ++i) {
    const auto& [dense, uniform] = references[i];
    const double share = (nll[i] - dense) / (uniform - dense);
    sum += share;
    worst = i == 0 ? share : std::max(worst, share);
  }
  const double share =
      aggregate == Aggregate::kWorst ? worst : sum / static_cast<double>(nll.size());
  return references[0].dense + share * (references[0].uniform - references[0].dense);
}

std::string ScenarioReferencesText(const Engine& engine) {
  const std::vector<ReferenceLosses> select = engine.References(Stage::kSelect);
  const std::vector<ReferenceLosses> verify = engine.References(Stage::kVerify);
  std::string text;
  for (size_t i = 0; i < std::min(select.size(), verify.size()); ++i) {
    text += fmt::format("{} {} {} {}\n", select[i].dense, select[i].uniform, verify[i].dense,
                        verify[i].uniform);
  }
  return text;
}

absl::StatusOr<std::vector<ScenarioReferences>> ParseScenarioReferences(const std::string& text) {
  std::vector<ScenarioReferences> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    ScenarioReferences one;
    numbers >> one.select.dense >> one.select.uniform >> one.verify.dense >> one.verify.uniform;
    if (!numbers) {
      return absl::DataLossError(fmt::format(
          "references of the scenarios: expected four numbers in a line, found \"{}\"", line));
    }
    all.push_back(one);
  }
  return all;
}

std::string FailureOf(const Outcome& outcome, const std::vector<std::string>& objectives) {
  if (const auto* failed = std::get_if<FailedOutcome>(&outcome)) {
    return failed->reason.empty() ? "failed without a reason" : failed->reason;
  }
  const auto& measured = std::get<EvaluateOutcome>(outcome);
  if (!std::isfinite(measured.mean_nll) || !std::isfinite(measured.achieved_sparsity)) {
    return fmt::format("measured a loss of {} at a sparsity of {}; both must be finite",
                       measured.mean_nll, measured.achieved_sparsity);
  }
  for (const std::string& name : objectives) {
    if (name == kLoss || name == kComplexity || ScenarioOfLossName(name) >= 0) continue;
    const auto found = measured.measures.find(name);
    if (found == measured.measures.end()) {
      return fmt::format("expected a measurement of {}, found none", name);
    }
    if (!std::isfinite(found->second)) {
      return fmt::format("measured a {} of {}; it must be finite", name, found->second);
    }
  }
  return "";
}

Scenarios::Scenarios(const EngineOptions& options, const expr::UnitLayout& layout)
    : aggregate_(options.robust.aggregate),
      search_rungs_(options.ladder.rungs),
      scenarios_{{0, options.target}},
      layouts_{layout} {
  scenarios_.insert(scenarios_.end(), options.robust.further.begin(), options.robust.further.end());
  layouts_.insert(layouts_.end(), options.robust.further_layouts.begin(),
                  options.robust.further_layouts.end());
}

absl::StatusOr<std::vector<expr::Allocation>> Scenarios::Allocate(
    const expr::Expression& expression,
    const std::vector<const expr::FeatureTable*>& features) const {
  std::vector<expr::Allocation> allocations;
  for (size_t i = 0; i < scenarios_.size(); ++i) {
    const Scenario& scenario = scenarios_[i];
    auto allocation =
        expr::EvaluateAllocation(expression, *features[Index(scenario.subject)], scenario.target);
    if (!allocation.ok()) {
      if (scenarios_.size() == 1) return allocation.status();
      return absl::Status(
          allocation.status().code(),
          fmt::format("scenario {}: {}", i, std::string(allocation.status().message())));
    }
    allocations.push_back(*std::move(allocation));
  }
  return allocations;
}

std::vector<EvaluateWork> Scenarios::WorkOf(
    int64_t candidate, Stage stage, int rung,
    const std::vector<expr::Allocation>& allocations) const {
  std::vector<EvaluateWork> items;
  for (int i = 0; i < count(); ++i) {
    items.push_back({.candidate = candidate,
                     .stage = stage,
                     .allocation = allocations[Index(i)],
                     .rung = rung,
                     .scenario = i,
                     .subject = scenarios_[Index(i)].subject});
  }
  return items;
}

std::vector<EvaluateWork> Scenarios::AskForReferences(Stage stage) {
  asked_.insert(stage);
  std::vector<EvaluateWork> items;
  const int first = count() == 1 ? RungsOf(stage) - 1 : 0;
  for (int rung = first; rung < RungsOf(stage); ++rung) AddReferenceWork({stage, rung}, &items);
  if (count() == 1) dense_missing_ += static_cast<int>(items.size());
  return items;
}

void Scenarios::AddReferenceWork(const StageRung& stage, std::vector<EvaluateWork>* items) const {
  std::vector<bool> has_dense(layouts_.size());
  for (int i = 0; i < count(); ++i) {
    const Scenario& scenario = scenarios_[Index(i)];
    const expr::FeatureTable units(layouts_[Index(scenario.subject)]);
    // Valid options make this feasible.
    const auto uniform =
        expr::EvaluateAllocation(*expr::ParseExpression(kUniformFunction), units, scenario.target);
    EvaluateWork item{.candidate = -1,
                      .stage = stage.first,
                      .allocation = *uniform,
                      .rung = stage.second,
                      .scenario = i,
                      .subject = scenario.subject,
                      .reference = Reference::kUniform};
    if (count() > 1) items->push_back(item);
    if (has_dense[Index(scenario.subject)]) continue;
    has_dense[Index(scenario.subject)] = true;
    item.allocation.assign(item.allocation.size(), 0.0);
    item.reference = Reference::kDense;
    items->push_back(std::move(item));
  }
}

bool Scenarios::HasReferences(Stage stage) const {
  for (int rung = 0; count() > 1 && rung < RungsOf(stage); ++rung) {
    const auto found = references_.find({stage, rung});
    if (found == references_.end() || found->second.missing > 0) return false;
  }
  return true;
}

std::string Scenarios::ReferenceFailure(Stage stage) const {
  for (int rung = 0; count() > 1 && rung < RungsOf(stage); ++rung) {
    const auto found = references_.find({stage, rung});
    if (found != references_.end() && !found->second.failure.empty()) return found->second.failure;
  }
  return "";
}

std::vector<ReferenceLosses> Scenarios::References(Stage stage) const {
  return ReferencesOf({stage, RungsOf(stage) - 1});
}

std::vector<ReferenceLosses> Scenarios::ReferencesOf(const StageRung& stage) const {
  const auto found = references_.find(stage);
  if (count() == 1 || found == references_.end() || found->second.missing > 0 ||
      !found->second.failure.empty()) {
    return {};
  }
  std::vector<ReferenceLosses> losses;
  for (int i = 0; i < count(); ++i) {
    losses.push_back({*found->second.dense[Index(scenarios_[Index(i)].subject)],
                      *found->second.uniform[Index(i)]});
  }
  return losses;
}

std::optional<double> Scenarios::DenseLoss(Stage stage) const {
  const auto found = references_.find({stage, RungsOf(stage) - 1});
  if (found == references_.end()) return std::nullopt;
  const std::optional<double> dense = found->second.dense[Index(scenarios_[0].subject)];
  return dense && std::isfinite(*dense) ? dense : std::nullopt;
}

void Scenarios::TellReference(const EvaluateWork& item, const Outcome& outcome) {
  RungReferences& stage = references_[{item.stage, item.rung}];
  if (stage.uniform.empty()) {
    stage.dense.resize(layouts_.size());
    stage.uniform.resize(scenarios_.size());
    stage.missing = layouts_.size() + (count() > 1 ? scenarios_.size() : 0);
  }
  const bool is_dense = item.reference == Reference::kDense;
  if (count() == 1) --dense_missing_;
  --stage.missing;
  if (const auto* measured = std::get_if<EvaluateOutcome>(&outcome)) {
    (is_dense ? stage.dense[Index(item.subject)] : stage.uniform[Index(item.scenario)]) =
        measured->mean_nll;
  } else {
    stage.failure = fmt::format("scenario {}: {} could not be measured: {}", item.scenario,
                                is_dense ? "the dense model" : "uniform sparsities",
                                std::get<FailedOutcome>(outcome).reason);
  }
  if (count() == 1 || stage.missing > 0 || !stage.failure.empty()) return;
  for (int i = 0; i < count(); ++i) {
    const double dense = *stage.dense[Index(scenarios_[Index(i)].subject)];
    const double uniform = *stage.uniform[Index(i)];
    if (uniform - dense >= kLeastDamage) continue;
    stage.failure = fmt::format(
        "scenario {}: expected uniform sparsities to raise the loss by at least {}, found {} where "
        "the dense model has {}: there is nothing to gain",
        i, kLeastDamage, uniform, dense);
    return;
  }
}

std::optional<ScenarioOutcome> Scenarios::Tell(const EvaluateWork& item, const Outcome& outcome,
                                               const std::vector<std::string>& objectives) {
  const StageRung stage(item.stage, item.rung);
  if (count() == 1) return Combine(stage, {outcome}, objectives);
  const std::tuple key(item.candidate, item.stage, item.rung);
  std::vector<std::optional<Outcome>>& known = incomplete_[key];
  known.resize(scenarios_.size());
  known[Index(item.scenario)] = outcome;
  std::vector<Outcome> outcomes;
  for (const std::optional<Outcome>& one : known) {
    if (!one) return std::nullopt;
    outcomes.push_back(*one);
  }
  incomplete_.erase(key);
  return Combine(stage, outcomes, objectives);
}

ScenarioOutcome Scenarios::Combine(const StageRung& stage, const std::vector<Outcome>& outcomes,
                                   const std::vector<std::string>& objectives) const {
  ScenarioOutcome result;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    result.failure = FailureOf(outcomes[i], objectives);
    if (result.failure.empty()) continue;
    if (count() > 1) result.failure = fmt::format("scenario {}: {}", i, result.failure);
    return result;
  }
  for (const Outcome& outcome : outcomes) {
    const auto& measured = std::get<EvaluateOutcome>(outcome);
    result.nll.push_back(measured.mean_nll);
    result.achieved.push_back(measured.achieved_sparsity);
  }
  result.combined = std::get<EvaluateOutcome>(outcomes.front());
  if (count() == 1) return result;
  result.combined.mean_nll = RelativeLoss(result.nll, ReferencesOf(stage), aggregate_);
  // Other measures are shares already. A measure that a scenario lacks is left out; if it were an
  // objective, the outcome would be a failure.
  std::map<std::string, double> measures;
  for (const auto& [name, first] : result.combined.measures) {
    double sum = 0, worst = first;
    size_t scenarios = 0;
    for (const Outcome& outcome : outcomes) {
      const auto& all = std::get<EvaluateOutcome>(outcome).measures;
      const auto found = all.find(name);
      if (found == all.end()) break;
      ++scenarios;
      sum += found->second;
      worst = std::max(worst, found->second);
    }
    if (scenarios < outcomes.size()) continue;
    measures[name] =
        aggregate_ == Aggregate::kWorst ? worst : sum / static_cast<double>(outcomes.size());
  }
  result.combined.measures = std::move(measures);
  return result;
}

}  // namespace strata::search

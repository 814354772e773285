#include "tests/search/simulation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <map>
#include <random>

namespace strata::search {
namespace {

constexpr char kWeightsFeature[] = "var(abslog(WX))";

std::string Bits(double value) { return fmt::format("{:016x}", std::bit_cast<uint64_t>(value)); }
std::string Bits(const std::optional<double>& value) { return value ? Bits(*value) : "-"; }

template <typename C>
std::string DescribeCommon(const C& c) {
  std::string text =
      fmt::format("{} {} {} {} '{}' [{}] same_as={} '{}' {} {} {} {} :", c.id, c.text, c.complexity,
                  c.lineage.origin, c.lineage.name, fmt::join(c.lineage.parents, ","),
                  c.same_as.value_or(-1), c.failure, Bits(c.fitness_nll), Bits(c.selection_nll),
                  Bits(c.report_nll), Bits(c.achieved_sparsity));
  for (const double sparsity : c.allocation) text.append(1, ' ').append(Bits(sparsity));
  if (c.forecast)
    text += fmt::format(" ~{}+-{}", Bits(c.forecast->nll), Bits(c.forecast->deviation));
  for (const double nll : c.rung_nll) text += " rung " + Bits(nll);
  for (const double measure : c.measures) text += " measure " + Bits(measure);
  if (c.stopped_early) text += " stopped early";
  for (const ScenarioResult& scenario : c.scenarios) {
    text += fmt::format(" scenario {} {} {} {}", Bits(scenario.fitness_nll),
                        Bits(scenario.selection_nll), Bits(scenario.report_nll),
                        Bits(scenario.achieved_sparsity));
    for (const double sparsity : scenario.allocation) text.append(1, ' ').append(Bits(sparsity));
  }
  return text;
}

double Loss(const std::vector<double>& weights, const std::vector<double>& sparsity) {
  double loss = 3;
  for (size_t i = 0; i < weights.size(); ++i) {
    loss += weights[i] * sparsity[i] * sparsity[i] / (1 - sparsity[i]);
  }
  return loss;
}

int64_t Below(std::mt19937_64* random, size_t bound) {
  return static_cast<int64_t>((*random)() % bound);
}

std::vector<double> TrueWeights(Laboratory* laboratory) {
  const Outcome outcome = laboratory->Do({0, ProfileWork{{kWeightsFeature}}});
  return std::get<ProfileOutcome>(outcome).values[0];
}

}  // namespace

expr::UnitLayout SyntheticLayout() {
  return expr::SquareBlocks(std::vector<int64_t>(kBlocks, 7 * 64 * 64));
}

expr::UnitLayout FurtherLayout() {
  return expr::SquareBlocks(std::vector<int64_t>(kFurtherBlocks, 7 * 64 * 64));
}

void AddScenarios(Aggregate aggregate, EngineOptions* options) {
  options->robust = {.further_layouts = {FurtherLayout()},
                     .further = {{0, {.sparsity = 0.5}}, {1, {.sparsity = 0.6}}},
                     .aggregate = aggregate};
}

std::vector<expr::Baseline> SimulatedBaselines() {
  std::vector<expr::Baseline> chosen;
  for (const expr::Baseline& baseline : expr::Baselines(SyntheticLayout(), kTarget)) {
    for (const char* name :
         {"uniform", "owl", "als", "arithmetic-progression", "dsa-absvar", "dsa-logvar"}) {
      if (baseline.name == name) chosen.push_back(baseline);
    }
  }
  return chosen;
}

EngineOptions SyntheticOptions(uint64_t seed, int64_t evaluations) {
  EngineOptions options;
  options.seed = seed;
  options.target.sparsity = kTarget;
  options.baselines = SimulatedBaselines();
  options.maximum_evaluations = evaluations;
  // A small model, so that the tests are fast.
  options.strategy.surrogate.proposals = 12;
  options.strategy.surrogate.amplitude_steps = 6;
  options.strategy.surrogate.maximum_points = 60;
  options.strategy.surrogate.feature_pool = 20;
  return options;
}

EngineOptions SmallOptions(uint64_t seed, int64_t evaluations) {
  EngineOptions options = SyntheticOptions(seed, evaluations);
  options.baselines.resize(1);
  options.strategy.population = 8;
  options.finalists = 2;
  return options;
}

Laboratory::Laboratory() {
  for (const auto& [subject, blocks] : {std::pair{0, kBlocks}, {1, kFurtherBlocks}}) {
    evaluator::SyntheticOptions options;
    options.blocks = blocks;
    evaluators_[subject] = evaluator::MakeSyntheticEvaluator(options);
  }
}

Outcome Laboratory::Do(const WorkItem& item) {
  Outcome outcome;
  if (const auto* profile = std::get_if<ProfileWork>(&item.work)) {
    evaluator::ProfileRequest request;
    request.features = profile->features;
    auto measured = evaluators_[profile->subject]->MeasureFeatures(request, nullptr);
    if (measured.ok()) {
      outcome = ProfileOutcome{std::move(measured->values)};
    } else {
      outcome = FailedOutcome{std::string(measured.status().message())};
    }
  } else {
    const auto& evaluate = std::get<EvaluateWork>(item.work);
    if (evaluate.reference == Reference::kNone) ++evaluations_[evaluate.stage];
    evaluator::EvaluateRequest request;
    request.allocation = evaluate.allocation;
    request.fidelity.split =
        evaluate.stage == Stage::kVerify ? evaluator::Split::kReport : evaluator::Split::kFitness;
    auto measured = evaluators_[evaluate.subject]->Evaluate(request, nullptr);
    if (measured.ok()) {
      // The synthetic model has one protocol; another offset stands for the exact one.
      const double offset = evaluate.stage == Stage::kSelect ? kSelectionOffset : 0;
      outcome = EvaluateOutcome{measured->mean_nll + offset, measured->achieved_sparsity};
    } else {
      outcome = FailedOutcome{std::string(measured.status().message())};
    }
  }
  return distort ? distort(item, std::move(outcome)) : outcome;
}

double OptimalNll(Laboratory* laboratory) {
  const std::vector<double> weights = TrueWeights(laboratory);
  // d/ds of w s^2 / (1 - s) is w (1 / (1 - s)^2 - 1): equal everywhere at the optimum.
  const auto at = [&](double multiplier) {
    std::vector<double> sparsity;
    for (const double weight : weights) {
      sparsity.push_back(std::min(0.99, 1 - 1 / std::sqrt(1 + multiplier / weight)));
    }
    return sparsity;
  };
  double low = 0, high = 1e6;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (expr::MeanSparsity(at(middle), expr::ParametersOf(SyntheticLayout())) < kTarget ? low : high) =
        middle;
  }
  return Loss(weights, at(low));
}

double UniformNll() {
  Laboratory laboratory;
  return Loss(TrueWeights(&laboratory), std::vector<double>(kBlocks, kTarget));
}

std::string Describe(const std::vector<Candidate>& candidates) {
  std::string text;
  for (const Candidate& candidate : candidates)
    text.append(DescribeCommon(candidate)).append(1, '\n');
  return text;
}

std::string Describe(const std::vector<StoredCandidate>& candidates) {
  std::string text;
  for (const StoredCandidate& candidate : candidates) {
    text += DescribeCommon(candidate) +
            fmt::format(" {} {}\n", candidate.on_front, candidate.best_of_baseline);
  }
  return text;
}

void Drive(Engine* engine, Laboratory* laboratory, int workers, uint64_t order_seed,
           const std::function<bool(int64_t)>& stop) {
  std::mt19937_64 random(order_seed);
  std::map<int64_t, WorkItem> outstanding;  // by id
  for (int64_t tells = 0;;) {
    bool is_idle = true;
    // A free worker does not ask at once every time, so that handing out interleaves with telling.
    if (static_cast<int>(outstanding.size()) < workers && (outstanding.empty() || random() % 3)) {
      Action action = engine->Ask();
      if (std::holds_alternative<Done>(action) && outstanding.empty()) return;
      if (auto* item = std::get_if<WorkItem>(&action)) {
        outstanding.emplace(item->id, std::move(*item));
        is_idle = false;
      }
    }
    if (outstanding.empty()) {
      ASSERT_FALSE(is_idle) << "the engine waits with nothing outstanding";
      continue;
    }
    if (!is_idle && random() % 2) continue;
    const auto chosen = std::next(outstanding.begin(), Below(&random, outstanding.size()));
    const WorkItem item = chosen->second;
    outstanding.erase(chosen);
    const absl::Status told = engine->Tell(item.id, laboratory->Do(item));
    ASSERT_TRUE(told.ok()) << told;
    ++tells;
    if (stop && stop(tells)) return;
  }
}

int64_t Drive(Session* session, Laboratory* laboratory, int workers, uint64_t order_seed,
              const std::function<bool(int64_t)>& stop) {
  std::mt19937_64 random(order_seed);
  std::map<int64_t, SessionItem> outstanding;  // by work item id
  for (int64_t completions = 0;;) {
    bool is_idle = true;
    if (static_cast<int>(outstanding.size()) < workers) {
      absl::StatusOr<SessionAction> action = session->Next();
      if (!action.ok()) {
        ADD_FAILURE() << action.status();
        return -1;
      }
      if (std::holds_alternative<Done>(*action)) return completions;
      if (auto* item = std::get_if<SessionItem>(&*action)) {
        outstanding.emplace(item->item.id, std::move(*item));
        is_idle = false;
      }
    }
    if (outstanding.empty()) {
      ADD_FAILURE() << "the session waits with nothing outstanding";
      return -1;
    }
    if (!is_idle && static_cast<int>(outstanding.size()) < workers) continue;
    const auto chosen = std::next(outstanding.begin(), Below(&random, outstanding.size()));
    const SessionItem item = chosen->second;
    outstanding.erase(chosen);
    const absl::Status completed = session->Complete(item, laboratory->Do(item.item));
    if (!completed.ok()) {
      ADD_FAILURE() << completed;
      return -1;
    }
    ++completions;
    if (stop && stop(completions)) return completions;
  }
}

}  // namespace strata::search

// What must hold for every strategy and every kind of trouble.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/search/simulation.h"

namespace strata::search {
namespace {

constexpr StrategyKind kKinds[] = {StrategyKind::kStrata, StrategyKind::kRandom,
                                   StrategyKind::kHillClimbing, StrategyKind::kDsa};

std::unique_ptr<Engine> Make(const EngineOptions& options) {
  auto engine = Engine::Create(options, SyntheticLayout());
  EXPECT_TRUE(engine.ok()) << engine.status();
  return *std::move(engine);
}

uint64_t BitsOf(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// Fails three in ten evaluations, by content alone.
Outcome FailThreeInTen(const WorkItem& item, Outcome outcome) {
  const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
  if (evaluate == nullptr) return outcome;
  const uint64_t hash = BitsOf(evaluate->allocation[0]) * 0x9E3779B97F4A7C15u;
  if (hash >> 32 < 0.3 * 0x1p32) return FailedOutcome{"unlucky"};
  return outcome;
}

// Adds what looks like noise to every loss, by content alone.
Outcome AddNoise(const WorkItem& item, Outcome outcome) {
  auto* measured = std::get_if<EvaluateOutcome>(&outcome);
  if (measured == nullptr) return outcome;
  const uint64_t hash =
      BitsOf(std::get<EvaluateWork>(item.work).allocation[1]) * 0xBF58476D1CE4E5B9u;
  measured->mean_nll += 0.02 * (static_cast<double>(hash >> 40) * 0x1p-24 - 0.5);
  return outcome;
}

Outcome Plateau(const WorkItem&, Outcome outcome) {
  if (auto* measured = std::get_if<EvaluateOutcome>(&outcome)) measured->mean_nll = 5;
  return outcome;
}

using Distortion = Outcome (*)(const WorkItem&, Outcome);

TEST(EngineProperty, EveryStrategyIsTheSameWithOneWorkerAndWithFour) {
  for (const StrategyKind kind : kKinds) {
    for (const Distortion distort : {Distortion(nullptr), &FailThreeInTen, &AddNoise, &Plateau}) {
      Laboratory laboratory;
      if (distort != nullptr) laboratory.distort = distort;
      EngineOptions options = SmallOptions(5, 60);
      options.strategy.kind = kind;
      std::string expected;
      for (const int workers : {1, 4, 4}) {
        const auto engine = Make(options);
        Drive(engine.get(), &laboratory, workers, static_cast<uint64_t>(workers) + expected.size());
        const std::string found = fmt::format(
            "{}{} {} {}", Describe(engine->candidates()), BitsOf(engine->ArchiveHypervolume()),
            fmt::join(engine->Front(), ","), engine->end_reason());
        if (expected.empty()) expected = found;
        ASSERT_EQ(found, expected) << NameOf(kind);
      }
    }
  }
}

TEST(EngineProperty, NothingIsBredFromAResultOutsideItsLag) {
  for (const StrategyKind kind : kKinds) {
    for (const int lag : {1, 3, 8}) {
      Laboratory laboratory;
      EngineOptions options = SmallOptions(7, 50);
      options.strategy.kind = kind;
      options.lag = lag;
      const auto engine = Make(options);
      Drive(engine.get(), &laboratory, 4, 3);
      // What candidate k was bred from does not change when results after k - lag do.
      const std::vector<Candidate> before = engine->candidates();
      const int64_t changed = 30;
      laboratory.distort = [](const WorkItem& item, Outcome outcome) {
        const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
        auto* measured = std::get_if<EvaluateOutcome>(&outcome);
        if (evaluate == nullptr || measured == nullptr) return outcome;
        if (evaluate->candidate >= changed) measured->mean_nll += 1 + measured->mean_nll;
        return outcome;
      };
      const auto other = Make(options);
      Drive(other.get(), &laboratory, 4, 3);
      for (int64_t k = 0; k < changed + lag; ++k) {
        ASSERT_EQ(other->candidates()[static_cast<size_t>(k)].text,
                  before[static_cast<size_t>(k)].text)
            << NameOf(kind) << " lag " << lag << " candidate " << k;
        for (const int64_t parent : before[static_cast<size_t>(k)].lineage.parents) {
          EXPECT_LE(parent, k - lag);
        }
      }
    }
  }
}

TEST(EngineProperty, TheArchiveIsMutuallyNondominatedAndItsHypervolumeNeverFalls) {
  for (const Distortion distort : {Distortion(nullptr), &FailThreeInTen, &AddNoise}) {
    Laboratory laboratory;
    if (distort != nullptr) laboratory.distort = distort;
    const auto engine = Make(SyntheticOptions(4, 120));
    double before = 0;
    Drive(engine.get(), &laboratory, 4, 8, [&](int64_t) {
      EXPECT_GE(engine->ArchiveHypervolume(), before);
      before = engine->ArchiveHypervolume();
      const std::vector<int64_t> front = engine->Front();
      for (size_t i = 1; i < front.size(); ++i) {
        const Candidate& simpler = engine->candidates()[static_cast<size_t>(front[i - 1])];
        const Candidate& larger = engine->candidates()[static_cast<size_t>(front[i])];
        EXPECT_LT(simpler.complexity, larger.complexity);
        EXPECT_GT(*simpler.fitness_nll, *larger.fitness_nll);
      }
      return false;
    });
    EXPECT_GT(before, 0);
  }
}

TEST(EngineProperty, NoiseAndFailuresDoNotKeepItFromTheOptimum) {
  for (const Distortion distort : {&FailThreeInTen, &AddNoise}) {
    Laboratory laboratory;
    laboratory.distort = distort;
    EngineOptions options = SyntheticOptions(2, 300);
    // The statistic that matters, with far too small an amplitude.
    expr::Baseline weak;
    weak.name = "weak";
    weak.published = {{"", *expr::ParseExpression("span(-var(abslog(WX)), 0.01)")}};
    options.baselines.push_back(weak);
    const auto engine = Make(options);
    Drive(engine.get(), &laboratory, 2, 1);
    double best = std::numeric_limits<double>::infinity();
    for (const Candidate& candidate : engine->candidates()) {
      best = std::min(best, candidate.fitness_nll.value_or(best));
    }
    const double closed = (UniformNll() - best) / (UniformNll() - OptimalNll(&laboratory));
    fmt::print("gap closed {:.3f}\n", closed);
    EXPECT_GT(closed, 0.85);
  }
}

TEST(EngineProperty, AllInfeasibleEndsWithoutAResult) {
  for (const StrategyKind kind : kKinds) {
    Laboratory laboratory;
    laboratory.distort = [](const WorkItem& item, Outcome outcome) -> Outcome {
      if (std::holds_alternative<ProfileWork>(item.work)) return outcome;
      return FailedOutcome{"no"};
    };
    EngineOptions options = SmallOptions(1, 70);
    options.strategy.kind = kind;
    const auto engine = Make(options);
    Drive(engine.get(), &laboratory, 3, 2);
    EXPECT_EQ(engine->phase(), Phase::kDone) << NameOf(kind);
    EXPECT_TRUE(engine->Front().empty());
    EXPECT_EQ(engine->ArchiveHypervolume(), 0);
    for (const Candidate& candidate : engine->candidates()) {
      EXPECT_EQ(candidate.lineage.parents.size(), 0u);
    }
  }
}

TEST(EngineProperty, ABudgetSmallerThanThePopulationIsKept) {
  for (const StrategyKind kind : kKinds) {
    Laboratory laboratory;
    EngineOptions options = SmallOptions(1, 5);
    options.strategy.kind = kind;
    options.strategy.population = 24;
    const auto engine = Make(options);
    Drive(engine.get(), &laboratory, 3, 2);
    EXPECT_EQ(engine->evaluations(), 5);
    EXPECT_EQ(engine->end_reason(), "evaluations");
    EXPECT_FALSE(engine->Front().empty());
  }
}

TEST(EngineProperty, StagnationEndsTheSearchAtTheSameCandidate) {
  EngineOptions options = SmallOptions(2, 0);
  options.stagnation_evaluations = 15;
  options.epsilon = 0.05;
  std::string expected;
  for (const int workers : {1, 2, 6}) {
    Laboratory laboratory;
    const auto engine = Make(options);
    Drive(engine.get(), &laboratory, workers, static_cast<uint64_t>(workers) * 11);
    EXPECT_EQ(engine->phase(), Phase::kDone);
    EXPECT_EQ(engine->end_reason(), "stagnation");
    const std::string found = Describe(engine->candidates());
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected) << workers;
  }
}

// The first rung has the loss and an error of its own that ranks of 0.3 stand well above.
Outcome RoughFirstRung(const WorkItem& item, Outcome outcome) {
  const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
  if (evaluate != nullptr && evaluate->stage == Stage::kSearch && evaluate->rung == 0) {
    return AddNoise(item, std::move(outcome));
  }
  return outcome;
}

TEST(EngineProperty, RacingStopsWhatIsClearlyWorseWhateverTheTiming) {
  EngineOptions options = SmallOptions(3, 120);
  options.strategy.surrogate.unfiltered_share = 0.5;  // so that many are bad
  options.ladder = {.rungs = 2, .rivals = 8};
  std::string expected;
  for (const int workers : {1, 4}) {
    Laboratory laboratory;
    laboratory.distort = RoughFirstRung;
    const auto engine = Make(options);
    Drive(engine.get(), &laboratory, workers, 5);
    const std::string found = Describe(engine->candidates());
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected);
    int stopped = 0, measured = 0;
    double best = std::numeric_limits<double>::infinity();
    for (const Candidate& candidate : engine->candidates()) {
      EXPECT_TRUE(candidate.fitness_nll || candidate.stopped_early || !candidate.failure.empty());
      EXPECT_FALSE(candidate.fitness_nll && candidate.stopped_early);
      best = std::min(best, candidate.fitness_nll.value_or(best));
      if (candidate.same_as) continue;
      stopped += candidate.stopped_early ? 1 : 0;
      measured += candidate.fitness_nll ? 1 : 0;
      EXPECT_EQ(candidate.rung_nll.size(), candidate.fitness_nll ? 2u : 1u);
    }
    EXPECT_EQ(stopped + measured, 120);
    EXPECT_GT(stopped, 15);
    EXPECT_TRUE(engine->candidates()[0].fitness_nll);  // a baseline is never stopped
    // None was stopped whose full loss would have been the best.
    laboratory.distort = nullptr;
    for (const Candidate& candidate : engine->candidates()) {
      if (!candidate.stopped_early) continue;
      const Outcome full =
          laboratory.Do({0, EvaluateWork{0, Stage::kSearch, candidate.allocation}});
      EXPECT_GT(std::get<EvaluateOutcome>(full).mean_nll, best);
    }
  }
}

TEST(EngineProperty, AThirdObjectiveIsPartOfTheArchive) {
  EngineOptions options = SmallOptions(3, 80);
  options.objectives = {kLoss, kComplexity, kZeroShotError};
  options.epsilon = 0;
  Laboratory laboratory;
  laboratory.distort = [](const WorkItem& item, Outcome outcome) {
    auto* measured = std::get_if<EvaluateOutcome>(&outcome);
    if (measured == nullptr) return outcome;
    // Against the loss: the more the first block is pruned, the better.
    measured->measures[kZeroShotError] = 1 - std::get<EvaluateWork>(item.work).allocation[0];
    return outcome;
  };
  const auto engine = Make(options);
  double before = 0;
  Drive(engine.get(), &laboratory, 3, 1, [&](int64_t) {
    EXPECT_GE(engine->ArchiveHypervolume(), before);
    before = engine->ArchiveHypervolume();
    return false;
  });
  const std::vector<int64_t> front = engine->Front();
  int against_the_loss = 0;
  for (const int64_t a : front) {
    const Candidate& first = engine->candidates()[static_cast<size_t>(a)];
    ASSERT_EQ(first.measures.size(), 1u);
    for (const int64_t b : front) {
      const Candidate& second = engine->candidates()[static_cast<size_t>(b)];
      const Objectives one = {*first.fitness_nll, 1.0 * first.complexity, first.measures[0]};
      const Objectives two = {*second.fitness_nll, 1.0 * second.complexity, second.measures[0]};
      EXPECT_FALSE(Dominates(one, two));
      against_the_loss += one[0] > two[0] && one[1] >= two[1] && one[2] < two[2] ? 1 : 0;
    }
  }
  EXPECT_GT(against_the_loss, 0);
}

TEST(EngineProperty, AMeasureThatIsMissingQuarantines) {
  EngineOptions options = SmallOptions(3, 6);
  options.objectives = {kLoss, kZeroShotError};
  Laboratory laboratory;
  const auto engine = Make(options);
  Drive(engine.get(), &laboratory, 3, 1);
  EXPECT_TRUE(engine->Front().empty());
  EXPECT_EQ(engine->candidates()[0].failure,
            "expected a measurement of zero_shot_error, found none");
}

TEST(EngineProperty, AWarmStartIsMeasuredAfterTheBaselinesAndBredFrom) {
  EngineOptions options = SmallOptions(3, 60);
  options.warm_start = {{"found before", *expr::ParseExpression("span(-var(abslog(WX)), 0.08)")}};
  options.ladder = {.rungs = 2, .rivals = 1};
  Laboratory laboratory;
  const auto engine = Make(options);
  Drive(engine.get(), &laboratory, 3, 1);
  const auto found = std::find_if(
      engine->candidates().begin(), engine->candidates().end(),
      [](const Candidate& candidate) { return candidate.lineage.origin == "warm start"; });
  ASSERT_NE(found, engine->candidates().end());
  const Candidate& start = *found;
  EXPECT_EQ(start.id, 1);  // after uniform, before the random ones
  EXPECT_EQ(start.lineage.name, "found before");
  EXPECT_TRUE(start.fitness_nll);
  EXPECT_TRUE(std::any_of(engine->candidates().begin(), engine->candidates().end(),
                          [&](const Candidate& candidate) {
                            return candidate.lineage.parents == std::vector<int64_t>{start.id};
                          }));
}

}  // namespace
}  // namespace strata::search

// Searches with several target sparsities and models in one fitness.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "search/engine/scenarios.h"
#include "search/store/run_store.h"
#include "tests/search/simulation.h"
#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

using ::testing::HasSubstr;

constexpr Aggregate kAggregates[] = {Aggregate::kMean, Aggregate::kWorst, Aggregate::kPareto};

std::unique_ptr<Engine> Make(const EngineOptions& options) {
  auto engine = Engine::Create(options, SyntheticLayout());
  EXPECT_TRUE(engine.ok()) << engine.status();
  return *std::move(engine);
}

EngineOptions RobustOptionsOf(Aggregate aggregate, uint64_t seed, int64_t evaluations) {
  EngineOptions options = SmallOptions(seed, evaluations);
  AddScenarios(aggregate, &options);
  return options;
}

// Some evaluations fail, by content alone, but no reference.
Outcome SometimesFail(const WorkItem& item, Outcome outcome) {
  if (const auto* evaluate = std::get_if<EvaluateWork>(&item.work)) {
    if (evaluate->reference == Reference::kNone &&
        std::hash<double>()(evaluate->allocation[1]) % 13 == 0) {
      return FailedOutcome{"unlucky"};
    }
  } else {
    for (const std::string& feature : std::get<ProfileWork>(item.work).features) {
      if (std::hash<std::string>()(feature) % 31 == 0) return FailedOutcome{"unmeasurable"};
    }
  }
  return outcome;
}

TEST(EngineScenarios, TheSameWithAnyNumberOfWorkersInAnyOrder) {
  for (const Aggregate aggregate : kAggregates) {
    for (const bool with_failures : {false, true}) {
      for (const int rungs : {1, 2}) {
        Laboratory laboratory;
        if (with_failures) laboratory.distort = SometimesFail;
        EngineOptions options = RobustOptionsOf(aggregate, 3, 60);
        options.ladder.rungs = rungs;
        std::string expected;
        for (const int workers : {1, 2, 5, 50}) {
          const auto engine = Make(options);
          Drive(engine.get(), &laboratory, workers, static_cast<uint64_t>(workers));
          const std::string found =
              fmt::format("{}{}", Describe(engine->candidates()), fmt::join(engine->Front(), ","));
          if (expected.empty()) expected = found;
          ASSERT_EQ(found, expected) << NameOf(aggregate) << ' ' << workers << " workers";
        }
        EXPECT_GT(expected.size(), 10000u);
      }
    }
  }
}

TEST(EngineScenarios, EveryCandidateIsMeasuredInAllAndItsFitnessIsTheirShareOfTheDamage) {
  for (const Aggregate aggregate : kAggregates) {
    Laboratory laboratory;
    const EngineOptions options = RobustOptionsOf(aggregate, 5, 60);
    const auto engine = Make(options);
    Drive(engine.get(), &laboratory, 3, 1);
    const auto references = engine->References(Stage::kSearch);
    ASSERT_EQ(references.size(), 3u);
    EXPECT_NEAR(references[0].dense, 3, 1e-9);
    EXPECT_NEAR(references[0].uniform, UniformNll(), 1e-9);
    const double targets[] = {kTarget, 0.5, 0.6};
    int64_t distinct = 0;
    for (const Candidate& candidate : engine->candidates()) {
      if (!candidate.fitness_nll) continue;
      if (!candidate.same_as) ++distinct;
      ASSERT_EQ(candidate.scenarios.size(), 3u);
      EXPECT_EQ(candidate.scenarios[0].allocation, candidate.allocation);
      std::vector<double> nll;
      for (size_t i = 0; i < 3; ++i) {
        nll.push_back(*candidate.scenarios[i].fitness_nll);
        EXPECT_NEAR(expr::MeanSparsity(candidate.scenarios[i].allocation,
                                       engine->features(i == 2 ? 1 : 0).parameters()),
                    targets[i], 1e-9);
      }
      EXPECT_EQ(*candidate.fitness_nll, RelativeLoss(nll, references, aggregate));
      // Uniform's own share is 1 everywhere.
      if (candidate.text == kUniformFunction) {
        EXPECT_NEAR(*candidate.fitness_nll, references[0].uniform, 1e-9);
      }
    }
    EXPECT_EQ(distinct, engine->evaluations());
    EXPECT_EQ(distinct, 60);
    EXPECT_EQ(laboratory.evaluations(Stage::kSearch), 3 * distinct);
    EXPECT_EQ(engine->DenseLoss(Stage::kSearch), references[0].dense);
  }
}

TEST(EngineScenarios, FinalistsAreSelectedAndVerifiedInAll) {
  Laboratory laboratory;
  const auto engine = Make(RobustOptionsOf(Aggregate::kWorst, 5, 40));
  Drive(engine.get(), &laboratory, 3, 1);
  ASSERT_EQ(engine->phase(), Phase::kDone);
  int finalists = 0;
  for (const Candidate& candidate : engine->candidates()) {
    ASSERT_EQ(candidate.selection_nll.has_value(), candidate.report_nll.has_value());
    if (!candidate.report_nll) continue;
    ++finalists;
    std::vector<double> selection, report;
    for (const ScenarioResult& scenario : candidate.scenarios) {
      selection.push_back(*scenario.selection_nll);
      report.push_back(*scenario.report_nll);
    }
    EXPECT_EQ(*candidate.selection_nll,
              RelativeLoss(selection, engine->References(Stage::kSelect), Aggregate::kWorst));
    EXPECT_EQ(*candidate.report_nll,
              RelativeLoss(report, engine->References(Stage::kVerify), Aggregate::kWorst));
  }
  EXPECT_GE(finalists, 3);
}

TEST(EngineScenarios, ParetoKeepsWhatIsBestInAnyScenario) {
  Laboratory laboratory;
  const auto engine = Make(RobustOptionsOf(Aggregate::kPareto, 2, 80));
  Drive(engine.get(), &laboratory, 3, 1);
  const std::vector<int64_t> front = engine->Front();
  for (size_t scenario = 0; scenario < 3; ++scenario) {
    double best = 1e9, best_of_front = 1e9;
    for (const Candidate& candidate : engine->candidates()) {
      if (!candidate.fitness_nll) continue;
      const double loss = *candidate.scenarios[scenario].fitness_nll;
      best = std::min(best, loss);
      if (std::count(front.begin(), front.end(), candidate.id) > 0) {
        best_of_front = std::min(best_of_front, loss);
      }
    }
    EXPECT_LE(best_of_front, best + 0.001) << scenario;  // epsilon of the archive
  }
}

// Two functions that agree at one sparsity are two where they differ at another.
TEST(EngineScenarios, OnlyTheSameAllocationsInAllScenariosAreOne) {
  EngineOptions options = SmallOptions(1, 0);
  options.random_candidates = 0;
  // The bound makes every allocation at 0.985 nearly uniform, while those at 0.5 differ.
  options.target = {.sparsity = 0.99 - 1e-9};
  options.robust.further = {{0, {.sparsity = 0.5}}};
  options.warm_start = {{"a", *expr::ParseExpression("ramp(depth, 0.01)")},
                        {"b", *expr::ParseExpression("ramp(depth, 0.02)")}};
  Laboratory laboratory;
  const auto engine = Make(options);
  engine->StopSearch(2);
  Drive(engine.get(), &laboratory, 2, 1);
  const std::vector<Candidate>& candidates = engine->candidates();
  ASSERT_EQ(candidates.size(), 3u);
  EXPECT_EQ(expr::QuantizedKey(candidates[1].allocation),
            expr::QuantizedKey(candidates[2].allocation));
  EXPECT_FALSE(candidates[1].same_as.has_value());
  EXPECT_FALSE(candidates[2].same_as.has_value());
  EXPECT_NE(candidates[1].scenarios[1].fitness_nll, candidates[2].scenarios[1].fitness_nll);
}

TEST(EngineScenarios, NothingIsBredFromAResultOutsideItsLag) {
  for (const int lag : {1, 8}) {
    Laboratory laboratory;
    EngineOptions options = RobustOptionsOf(Aggregate::kMean, 7, 50);
    options.lag = lag;
    const auto engine = Make(options);
    Drive(engine.get(), &laboratory, 4, 3);
    const int64_t changed = 30;
    // Of the last scenario alone.
    laboratory.distort = [](const WorkItem& item, Outcome outcome) {
      const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
      auto* measured = std::get_if<EvaluateOutcome>(&outcome);
      if (evaluate == nullptr || measured == nullptr) return outcome;
      if (evaluate->candidate >= changed && evaluate->scenario == 2) measured->mean_nll *= 2;
      return outcome;
    };
    const auto other = Make(options);
    Drive(other.get(), &laboratory, 4, 3);
    bool any_differs = false;
    for (size_t k = 0; k < std::min(engine->candidates().size(), other->candidates().size()); ++k) {
      const bool same = other->candidates()[k].text == engine->candidates()[k].text;
      ASSERT_TRUE(same || static_cast<int64_t>(k) >= changed + lag) << lag << ' ' << k;
      any_differs = any_differs || !same;
    }
    EXPECT_TRUE(any_differs);
  }
}

TEST(EngineScenarios, WithoutReferencesNothingIsMeasuredAndTheReasonIsKept) {
  Laboratory laboratory;
  laboratory.distort = [](const WorkItem& item, Outcome outcome) {
    const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
    if (evaluate != nullptr && evaluate->reference == Reference::kDense) {
      return Outcome(FailedOutcome{"no memory"});
    }
    return outcome;
  };
  const auto engine = Make(RobustOptionsOf(Aggregate::kMean, 1, 30));
  Drive(engine.get(), &laboratory, 3, 1);
  EXPECT_EQ(engine->phase(), Phase::kDone);
  EXPECT_EQ(engine->evaluations(), 0);
  EXPECT_EQ(laboratory.evaluations(), 0);
  EXPECT_EQ(engine->DenseLoss(Stage::kSearch), std::nullopt);
  for (const Candidate& candidate : engine->candidates()) {
    EXPECT_THAT(candidate.failure, HasSubstr("no memory"));
  }
}

TEST(EngineScenarios, FinalReferencesThatFailQuarantineTheFinalists) {
  Laboratory laboratory;
  laboratory.distort = [](const WorkItem& item, Outcome outcome) {
    const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
    if (evaluate != nullptr && evaluate->reference == Reference::kUniform &&
        evaluate->stage == Stage::kVerify) {
      return Outcome(FailedOutcome{"no memory"});
    }
    return outcome;
  };
  const auto engine = Make(RobustOptionsOf(Aggregate::kMean, 1, 30));
  Drive(engine.get(), &laboratory, 3, 1);
  EXPECT_EQ(engine->phase(), Phase::kDone);
  int quarantined = 0;
  for (const Candidate& candidate : engine->candidates()) {
    EXPECT_FALSE(candidate.report_nll.has_value());
    if (candidate.failure.find("no memory") != std::string::npos) ++quarantined;
  }
  EXPECT_GT(quarantined, 0);
}

TEST(EngineScenarios, ImpossibleOnesAreRefused) {
  const auto refusal = [](auto change) {
    EngineOptions options = RobustOptionsOf(Aggregate::kPareto, 1, 10);
    change(&options);
    const auto engine = Engine::Create(options, SyntheticLayout());
    return engine.ok() ? std::string() : std::string(engine.status().message());
  };
  EXPECT_EQ(refusal([](EngineOptions*) {}), "");
  EXPECT_THAT(refusal([](EngineOptions* o) { o->robust.further[0].subject = 2; }),
              HasSubstr("scenario 1: expected a subject from 0 to 1"));
  EXPECT_THAT(refusal([](EngineOptions* o) { o->robust.further[1].target.sparsity = 1.5; }),
              HasSubstr("scenario 2"));
  EXPECT_THAT(refusal([](EngineOptions* o) { o->robust.further.pop_back(); }),
              HasSubstr("subject 1: expected a scenario"));
  EXPECT_THAT(refusal([](EngineOptions* o) {
                o->robust.further.push_back({0, {.sparsity = 0.4}});
              }),
              HasSubstr("1 to 4 different names"));
  EXPECT_THAT(refusal([](EngineOptions* o) {
                o->objectives = {"loss", "loss@1"};
              }),
              HasSubstr("loss@1"));
}

class ScenarioSessionTest : public ::testing::Test {
 protected:
  ScenarioSessionTest() {
    options_.engine = SmallOptions(4, 40);
    AddScenarios(Aggregate::kMean, &options_.engine);
    options_.profile_context = options_.search_context = "c";
    options_.select_context = "s";
    options_.verify_context = "v";
    options_.further_contexts = {{.profile_context = "other c",
                                  .racing_contexts = {},
                                  .search_context = "other c",
                                  .select_context = "other s",
                                  .verify_context = "other v",
                                  .refine_context = "",
                                  .refine_rung_contexts = {},
                                  .slope_context = ""}};
    options_.now_seconds = [] { return 0.0; };
  }
  SessionOptions options_;
  TemporaryFolder folder_;
};

TEST_F(ScenarioSessionTest, AKilledRunResumesToTheSameCandidates) {
  Laboratory laboratory;
  std::string expected, references;
  {
    auto store = *RunStore::Create(folder_.path() + "/whole");
    auto session = *Session::Create(options_, SyntheticLayout(), store.get());
    ASSERT_GT(Drive(session.get(), &laboratory, 3, 1), 0);
    expected = Describe(*store->Candidates());
    references = **store->Property(kScenarioReferencesProperty);
    EXPECT_EQ(ParseScenarioReferences(references)->size(), 3u);
  }
  EXPECT_THAT(expected, HasSubstr(" scenario "));
  { auto store = *RunStore::Create(folder_.path() + "/cut"); }
  for (int sitting = 0; sitting < 12; ++sitting) {
    auto store = *RunStore::Open(folder_.path() + "/cut");
    auto session = *Session::Create(options_, SyntheticLayout(), store.get());
    Drive(session.get(), &laboratory, 1 + sitting % 4, static_cast<uint64_t>(sitting),
          [&](int64_t completions) { return sitting < 11 && completions >= 17; });
  }
  auto store = *RunStore::Open(folder_.path() + "/cut");
  EXPECT_EQ(Describe(*store->Candidates()), expected);
  EXPECT_EQ(**store->Property(kScenarioReferencesProperty), references);
}

TEST_F(ScenarioSessionTest, AnotherModelIsAnotherRun) {
  auto store = *RunStore::Create(folder_.path() + "/run");
  ASSERT_TRUE(Session::Create(options_, SyntheticLayout(), store.get()).ok());
  options_.further_contexts[0].search_context = "changed";
  const auto changed = Session::Create(options_, SyntheticLayout(), store.get());
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(changed.status().message()), HasSubstr("further_contexts"));
  options_.further_contexts.clear();
  const auto missing = Session::Create(options_, SyntheticLayout(), store.get());
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace strata::search

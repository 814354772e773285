#include "cli/run/search_progress.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/shared/page.h"
#include "search/engine/progress.h"
#include "tests/search/simulation.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(SearchProgressPartsTest, TheLineFitsATerminalAndKeepsWhatMattersMost) {
  const auto engine =
      *search::Engine::Create(search::SmallOptions(1, 20), search::SyntheticLayout());
  search::Laboratory laboratory;
  search::Drive(engine.get(), &laboratory, 2, 1);
  workers::CoordinatorStatus status;
  status.connected_workers = 123;
  status.reissued_items = 4567;
  status.failed_items = 89;
  const auto parts =
      SearchProgressParts(*engine, status, 100'000, 1e9, 1'000'000, evaluator::Measure::kLoss);
  const std::string whole = ProgressText(parts, std::nullopt);
  EXPECT_GT(ColumnsOf(whole), 80u);
  EXPECT_THAT(whole, AllOf(HasSubstr("4567 reissued"), HasSubstr("123 workers")));
  for (const size_t columns : {80, 40, 20}) {
    const std::string line = ProgressText(parts, columns);
    EXPECT_LE(ColumnsOf(line), columns) << line;
    EXPECT_THAT(line, AllOf(HasSubstr("…"), StartsWith(search::PhaseName(engine->phase()))))
        << line;
  }
  EXPECT_THAT(ProgressText(parts, 80), AllOf(HasSubstr("best"), HasSubstr("89 failed")));
}

TEST(SearchProgressPartsTest, TheBestIsShownAsWhatItIs) {
  const auto engine =
      *search::Engine::Create(search::SmallOptions(1, 20), search::SyntheticLayout());
  search::Laboratory laboratory;
  search::Drive(engine.get(), &laboratory, 2, 1);
  double best = std::numeric_limits<double>::infinity(), baseline = best;
  for (const search::Candidate& candidate : engine->candidates()) {
    if (!candidate.fitness_nll) continue;
    best = std::min(best, *candidate.fitness_nll);
    if (candidate.lineage.origin == "baseline") {
      baseline = std::min(baseline, *candidate.fitness_nll);
    }
  }
  const auto part = [&](evaluator::Measure measure) {
    return SearchProgressParts(*engine, workers::CoordinatorStatus(), 1, 0, 0, measure)[1];
  };
  EXPECT_EQ(part(evaluator::Measure::kLoss),
            fmt::format("best {:.1f}, baseline {:.1f}", std::exp(best), std::exp(baseline)));
  EXPECT_EQ(part(evaluator::Measure::kKl),
            fmt::format("best {:.4f}, baseline {:.4f}", best, baseline));
}

TEST(SearchProgressPartsTest, TheLineBeginsWithTheFeaturesUntilAllAreKnown) {
  const auto engine =
      *search::Engine::Create(search::SyntheticOptions(1, 20), search::SyntheticLayout());
  const search::FeatureCounts features = engine->feature_counts();
  ASSERT_GT(features.requested, features.settled);
  const auto parts = SearchProgressParts(*engine, workers::CoordinatorStatus(), 1, 0, 0,
                                         evaluator::Measure::kLoss);
  EXPECT_THAT(parts.front(),
              StartsWith(search::PhaseText(search::Phase::kSearching, features) + " "));
  EXPECT_THAT(parts.front(), StartsWith("features 0/"));
}

}  // namespace
}  // namespace strata::cli

#include <gmock/gmock.h>

#include "tests/cli/command_line_fixture.h"
#include "tests/cli/small_search_fixture.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(CommandLineTest, ASearchRefinesItsBestAllocationAndKeepsItApart) {
  const std::string config = SmallConfig();
  const std::vector<std::string> search = {"search",   config,
                                           "--set",    "search.baselines=[uniform, log-mean]",
                                           "--set",    "search.maximum_evaluations=3",
                                           "--set",    "fitness.protocol=sequential",
                                           "--set",    "racing.rungs=[1 one-shot]",
                                           "--set",    "refine.evaluations=5",
                                           "--format", "json"};
  const Outcome outcome = Run(search);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  const auto report = nlohmann::json::parse(outcome.out);
  const auto& refinement = report["refinement"];
  EXPECT_EQ(refinement["tried"], 4);
  EXPECT_EQ(refinement["slopes"], 1);
  EXPECT_EQ(refinement["slope_failure"], "");
  EXPECT_EQ(refinement["failed"], 0);
  EXPECT_EQ(refinement["candidate"], report["best"]["id"]);
  EXPECT_EQ(refinement["start"]["selection_perplexity"], report["best"]["selection_perplexity"]);
  EXPECT_EQ(refinement["start"]["report_perplexity"], report["best"]["report_perplexity"]);
  EXPECT_LE(refinement["best"]["selection_perplexity"].get<double>(),
            refinement["start"]["selection_perplexity"].get<double>());
  EXPECT_FALSE(refinement["best"]["report_perplexity"].is_null());

  const std::string run = folder_ + "/run";
  EXPECT_THAT(Run({"pareto", run}).out,
              AllOf(HasSubstr("refinement, apart from the functions: 4 allocations"),
                    HasSubstr("slopes measured 1 time"), HasSubstr("sequential protocol, fp32")));
  const Outcome exported = Run({"export", run, "--refined"});
  ASSERT_EQ(exported.exit_code, 0) << exported.error;
  const auto allocation = nlohmann::json::parse(exported.out);
  EXPECT_FALSE(allocation.contains("expression"));
  EXPECT_EQ(allocation["origin"]["kind"], "refinement");
  EXPECT_EQ(allocation["measured"]["report_perplexity"], refinement["best"]["report_perplexity"]);
  ASSERT_EQ(allocation["allocation"].size(), 30u);
  double mean = 0;
  for (const auto& unit : allocation["allocation"]) mean += unit["sparsity"].get<double>() / 30;
  EXPECT_NEAR(mean, 0.7, 1e-9);
  const std::string file = Write("refined.json", exported.out);
  const Outcome planned = Run({"prune", "--model", model_, "--text", text_, "--allocation", file,
                               "--dry-run", "-o", folder_ + "/pruned.gguf"});
  EXPECT_EQ(planned.exit_code, 0) << planned.error;
  EXPECT_REFUSED(Run({"export", run, "--refined", "--id", "0"}), HasSubstr("--refined"));

  // More of it is what --extend gives.
  std::vector<std::string> extended = search;
  extended[11] = "refine.evaluations=7";
  EXPECT_REFUSED(Run([&] {
                   auto resumed = extended;
                   resumed.push_back("--resume");
                   return resumed;
                 }()),
                 HasSubstr("'refine.evaluations'"));
  extended.push_back("--extend");
  const Outcome more = Run(extended);
  ASSERT_EQ(more.exit_code, 0) << more.error;
  const auto after = nlohmann::json::parse(more.out)["refinement"];
  EXPECT_EQ(after["tried"].get<int>() + after["slopes"].get<int>(), 7);
}

// A generation of four on one window, of which two are measured on all four, takes 12 windows. The
// start takes four, so that seven evaluations are two generations.
TEST_F(SmallSearchTest, ADirectSearchOfLevelsBeginsAtUniformAndStaysApart) {
  const std::vector<std::string> settings = {"--set", "search.baselines=[arithmetic-progression]",
                                             "--set", "search.strategy=evopress",
                                             "--set", "selection.windows=4",
                                             "--set", "search.maximum_evaluations=7",
                                             "--set", "refine.evopress_offspring=4",
                                             "--set", "refine.evopress_rungs=[1 2]"};
  const auto report = Search(settings);
  EXPECT_EQ(report["end_reason"], "baselines");
  const auto refinement = report["refinement"];
  EXPECT_TRUE(refinement["candidate"].is_null());
  EXPECT_EQ(refinement["tried"], 1 + 2 + 2);
  EXPECT_EQ(refinement["dropped"], 2 + 2);
  EXPECT_EQ(refinement["failed"], 0);
  EXPECT_EQ(refinement["slopes"], 0);
  EXPECT_LE(refinement["best"]["selection_perplexity"].get<double>(),
            refinement["start"]["selection_perplexity"].get<double>());
  EXPECT_THAT(Run({"pareto", Path("run")}).out,
              AllOf(HasSubstr("5 allocations near that of uniform sparsities tried, 4 windows"),
                    HasSubstr("4 more were measured on fewer windows only")));
  const auto exported = nlohmann::json::parse(Run({"export", Path("run"), "--refined"}).out);
  EXPECT_EQ(exported["name"], "refined uniform");
  EXPECT_EQ(Run({"fsck", Path("run")}).exit_code, 0);

  // More of it is what --extend gives.
  auto extended = settings;
  extended[7] = "search.maximum_evaluations=10";
  extended.push_back("--extend");
  EXPECT_EQ(Search(extended)["refinement"]["tried"], 1 + 2 + 2 + 2);
  auto contradicting = settings;
  contradicting.insert(contradicting.begin(), {"search", config_, "--run", Path("other")});
  contradicting.insert(contradicting.end(), {"--set", "refine.method=descent"});
  EXPECT_REFUSED(Run(contradicting), HasSubstr("'refine.method' must be evopress"));
}

TEST_F(CommandLineTest, ARunWithoutARefinementHasNoneToExport) {
  const std::string config = SmallConfig();
  ASSERT_EQ(Run({"search", config, "--set", "search.baselines=[uniform]", "--set",
                 "search.maximum_evaluations=1"})
                .exit_code,
            0);
  EXPECT_REFUSED(Run({"export", folder_ + "/run", "--refined"}),
                 HasSubstr("refine.evaluations above 0"));
  EXPECT_REFUSED(Run({"search", config, "--set", "racing.rungs=[2 onceshot]"}),
                 HasSubstr("'racing.rungs'"));
}

}  // namespace
}  // namespace strata::cli

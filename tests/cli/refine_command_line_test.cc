#include <gmock/gmock.h>

#include "tests/cli/command_line_fixture.h"

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

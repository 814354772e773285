#include "cli/report/candidate_output.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace strata::cli {
namespace {

using search::StoredCandidate;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<StoredCandidate> Candidates() {
  std::vector<StoredCandidate> candidates(2);
  candidates[0].text = "uniform()";
  candidates[0].complexity = 1;
  candidates[0].lineage = {"baseline", "uniform", {}};
  candidates[0].fitness_nll = std::log(50.0);
  candidates[1].id = 17;
  candidates[1].text = "span(-var(abslog(WX)) + mean(outliers(5)) * depth, 0.15)";
  candidates[1].complexity = 10;
  candidates[1].lineage = {"crossover", "", {3, 4}};
  candidates[1].failure = "the process said \"no\", then died";
  return candidates;
}

size_t WidestLine(const std::string& text) {
  std::istringstream lines(text);
  size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

TEST(CandidateOutputTest, TheTableShowsAllColumnsThatHaveValues) {
  EXPECT_EQ(CandidateTable(Candidates(), 30, {}),
            "id  state     origin     nodes  fitness  front  expression\n"
            "--  --------  ---------  -----  -------  -----  "
            "--------------------------------------------------------\n"
            " 0  measured  baseline       1    50.00  no     uniform()\n"
            "17  failed    crossover     10        -  no     "
            "span(-var(abslog(WX)) + mean(outliers(5)) * depth, 0.15)\n"
            "2 of 30 candidates. Perplexities, lower is better.\n");
}

TEST(CandidateOutputTest, TheTableFitsTheTerminal) {
  const std::string table = CandidateTable(Candidates(), 2, {}, Page{90});
  EXPECT_EQ(WidestLine(table), 90u) << table;
  EXPECT_THAT(table, HasSubstr("without ends of expressions; --wide shows all"));
  const std::string narrow = CandidateTable(Candidates(), 2, {}, Page{60});
  EXPECT_LE(WidestLine(narrow), 60u) << narrow;
  EXPECT_THAT(narrow, HasSubstr("for want of width without front, origin, ends of"));
  EXPECT_LE(WidestLine(CandidateTable(Candidates(), 2, {}, Page{20})), 20u);
  EXPECT_THAT(CandidateTable(Candidates(), 2, {}, Page{200}), Not(HasSubstr("--wide")));
}

TEST(CandidateOutputTest, AnEmptyListSaysSo) {
  EXPECT_EQ(CandidateTable({}, 3, {}, Page{80}),
            "expression\n----------\n"
            "0 of 3 candidates. Perplexities, lower is better.\n");
  EXPECT_EQ(CandidatesJson({}, 3, {}).dump(), R"({"candidates":[],"all":3})");
}

TEST(CandidateOutputTest, CsvIsQuotedWhereItMustBe) {
  EXPECT_EQ(CandidatesCsv(Candidates(), {}),
            "id,state,origin,name,nodes,forecast,fitness,selection,report,sparsity,front,same_as,"
            "parents,failure,expression\n"
            "0,measured,baseline,uniform,1,," +
                fmt::format("{}", std::exp(std::log(50.0))) +
                ",,,,no,,,,uniform()\n"
                "17,failed,crossover,discovered #17,10,,,,,,no,,3 4,"
                "\"the process said \"\"no\"\", then died\","
                "\"span(-var(abslog(WX)) + mean(outliers(5)) * depth, 0.15)\"\n");
}

TEST(CandidateOutputTest, JsonHasTheKeysOfTheReportAndItsOwn) {
  const auto json = CandidatesJson(Candidates(), 2, {})["candidates"][1];
  EXPECT_EQ(json["id"], 17);
  EXPECT_EQ(json["state"], "failed");
  EXPECT_TRUE(json["fitness_perplexity"].is_null());
  EXPECT_EQ(json["parents"].dump(), "[3,4]");
  EXPECT_EQ(json["origin"], "crossover");
}

TEST(CandidateOutputTest, AFitnessThatIsADivergenceIsNoPerplexity) {
  const RunMeasures measures = {.fitness = evaluator::Measure::kKl};
  std::vector<StoredCandidate> candidates = Candidates();
  candidates[0].fitness_nll = 1.25;
  candidates[0].forecast = search::Forecast{1.5, 0.1};
  candidates[0].report_nll = std::log(40.0);
  const std::string table = CandidateTable(candidates, 2, measures);
  EXPECT_THAT(table, HasSubstr(" 1.5000   1.2500   40.00 ")) << table;
  EXPECT_THAT(table, HasSubstr("the fitness is the KL divergence"));
  const auto json = CandidatesJson(candidates, 2, measures)["candidates"][0];
  EXPECT_EQ(json["fitness_kl"], 1.25);
  EXPECT_EQ(json["forecast_kl"], 1.5);
  EXPECT_FALSE(json.contains("fitness_perplexity"));
  EXPECT_TRUE(json["selection_perplexity"].is_null());
  EXPECT_DOUBLE_EQ(json["report_perplexity"], 40.0);
  EXPECT_THAT(CandidatesCsv(candidates, measures), HasSubstr(",1,1.5,1.25,,"));
}

}  // namespace
}  // namespace strata::cli

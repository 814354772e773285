// `strata transfer` as a person runs it, on a model of three blocks.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/cli/command_line_fixture.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kFunction[] = "span(-var(abslog(WX)), 0.15)";

class TransferCommandLineTest : public CommandLineTest {
 protected:
  TransferCommandLineTest() : small_(evaluator::WaveModelGguf()) {
    std::string first, second;
    for (int i = 0; i < 6000; ++i) {
      first += fmt::format("line {} of it\n", i * i % 977);
      second += fmt::format("{} other words\n", i * 7 % 311);
    }
    first_text_ = Write("first.txt", first);
    second_text_ = Write("second.txt", second);
  }

  std::vector<std::string> With(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "transfer",    kFunction,
        "--model",     small_.path(),
        "--text",      first_text_,
        "--resamples", "200",
        "--threads",   "1",
        "--set",       "report.windows=3",
        "--set",       "report.window_tokens=32",
        "--set",       "calibration.sequence_tokens=32",
        "--set",       "search.baselines=owl,arithmetic-progression"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  json Json(const Outcome& outcome) const {
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return json::parse(outcome.out, nullptr, false);
  }

  TemporaryFile small_;
  std::string first_text_, second_text_;
};

TEST_F(TransferCommandLineTest, EveryTextAndSparsityBesideTheBaselines) {
  const json report =
      Json(Run(With({"--text", second_text_, "--sparsity", "0.5,0.7", "--format", "json"})));
  ASSERT_EQ(report["subjects"].size(), 2u);
  EXPECT_NE(report["subjects"][0]["text"]["digest"], report["subjects"][1]["text"]["digest"]);
  for (const json& subject : report["subjects"]) {
    ASSERT_EQ(subject["sparsities"].size(), 2u);
    for (const json& cell : subject["sparsities"]) {
      ASSERT_EQ(cell["functions"].size(), 4u) << cell.dump(2);
      EXPECT_EQ(cell["functions"][0]["expression"], kFunction);
      EXPECT_EQ(cell["functions"][1]["name"], "uniform");
      for (const json& function : cell["functions"]) {
        EXPECT_NEAR(function["achieved_sparsity"].get<double>(), cell["sparsity"].get<double>(),
                    0.05);  // rows of 16 weights
      }
      const json& comparison = cell["comparison"];
      const double difference = comparison["perplexity_difference"].get<double>();
      EXPECT_LE(comparison["perplexity_difference_interval"][0].get<double>(), difference);
      EXPECT_GE(comparison["perplexity_difference_interval"][1].get<double>(), difference);
    }
  }
}

// The number is what `strata eval` measures of the same allocation and windows, and a function
// that is not transferred in the same call changes nothing.
TEST_F(TransferCommandLineTest, TheSameCallGivesTheSameNumbers) {
  const std::vector<std::string> more = {"--sparsity", "0.6", "--format", "json"};
  const json report = Json(Run(With(more)));
  const json alone = Json(
      Run(With({"--sparsity", "0.6", "--format", "json", "--set", "search.baselines=uniform"})));
  EXPECT_EQ(alone["subjects"][0]["sparsities"][0]["functions"].size(), 2u);
  EXPECT_EQ(alone["subjects"][0]["sparsities"][0]["functions"][0]["perplexity"],
            report["subjects"][0]["sparsities"][0]["functions"][0]["perplexity"]);
  EXPECT_EQ(report.dump(), Json(Run(With(more))).dump());
}

TEST_F(TransferCommandLineTest, AFunctionOfAnotherModelIsSaidWithBothNames) {
  const std::vector<std::string> allocate = {"allocate",   "uniform", "--model",  small_.path(),
                                             "--sparsity", "0.5",     "--format", "json"};
  json best = Json(Run(allocate));
  const std::string own = best["model"]["digest"];
  best["model"]["name"] = "larger";
  best["model"]["digest"] = std::string(64, 'e');
  const std::string file = Write("best.json", best.dump());
  std::vector<std::string> transfer = With({"--sparsity", "0.5", "--format", "json"});
  transfer[1] = file;
  const Outcome transferred = Run(transfer);
  EXPECT_EQ(Json(transferred)["found_on"]["name"], "larger");
  EXPECT_THAT(transferred.error, AllOf(HasSubstr("is for another model: larger, digest eeee"),
                                       HasSubstr(", digest " + own)));
  for (const char* verb : {"allocate", "explain"}) {
    EXPECT_THAT(Run({verb, file, "--model", small_.path(), "--sparsity", "0.5"}).error,
                AllOf(HasSubstr("is for another model: larger"), HasSubstr(own)))
        << verb;
  }
  EXPECT_REFUSED(
      Run({"eval", "--model", small_.path(), "--text", first_text_, "--allocation", file}),
      AllOf(HasSubstr("is for another model: larger"), HasSubstr(own)));
}

TEST_F(TransferCommandLineTest, ARunBringsItsBestFunctionItsTunedBaselinesAndItsSettings) {
  const std::string config =
      Write("run.yaml", fmt::format("model: {}\ntext: {}\nrun: {}/found\ntarget_sparsity: 0.6\n"
                                    "calibration: {{sequences: 2, sequence_tokens: 32}}\n"
                                    "fitness: {{windows: 2, window_tokens: 32, arithmetic: fp32}}\n"
                                    "selection: {{windows: 2}}\n"
                                    "report: {{windows: 3, window_tokens: 32}}\n"
                                    "workers: {{count: 1}}\n"
                                    "search: {{minutes: 0, maximum_evaluations: 14, finalists: 2,\n"
                                    "  baselines: [uniform, owl]}}\n",
                                    small_.path(), first_text_, folder_));
  const Outcome search = Run({"search", config, "--format", "json"});
  ASSERT_EQ(search.exit_code, 0) << search.error;
  const json found = json::parse(search.out);
  const json report = Json(Run({"transfer", folder_ + "/found", "--sparsity", "0.5,0.6",
                                "--resamples", "100", "--threads", "1", "--format", "json"}));
  EXPECT_EQ(report["expression"], found["best"]["expression"]);
  EXPECT_EQ(report["measurement"]["windows"], 3);
  const json& cell = report["subjects"][0]["sparsities"][1];
  std::map<std::string, int> roles;
  for (const json& function : cell["functions"]) ++roles[function["role"].get<std::string>()];
  EXPECT_EQ(roles["function"], 1);
  EXPECT_EQ(roles["tuned baseline"], static_cast<int>(found["baselines"].size()));
  EXPECT_GE(roles["tuned baseline"], 1);
  EXPECT_EQ(roles["published"], 2);
  // At the run's own sparsity, on its model and text, the run's own verified number.
  EXPECT_NEAR(cell["functions"][0]["perplexity"].get<double>(),
              found["best"]["report_perplexity"].get<double>(), 1e-9);
}

TEST_F(TransferCommandLineTest, BadInputIsRefused) {
  EXPECT_REFUSED(Run({"transfer", kFunction, "--sparsity", "0.5"}),
                 AllOf(HasSubstr("--model"), HasSubstr("--text")));
  EXPECT_REFUSED(Run(With({"--sparsity", "0.5,1.5"})), HasSubstr("--sparsity"));
  EXPECT_REFUSED(Run(With({"--set", "search.seed=3"})), HasSubstr("search.seed"));
  EXPECT_REFUSED(Run(With({"--set", "search.baselines=owls", "--sparsity", "0.5"})),
                 HasSubstr("the nearest is 'owl'"));
  EXPECT_REFUSED(Run(With({"--set", "report.windows=100000", "--sparsity", "0.5"})),
                 HasSubstr("first.txt"));
  EXPECT_REFUSED(Run({"transfer", folder_, "--sparsity", "0.5"}), HasSubstr(folder_));
}

// With whole numbers of zeros in fours, three equal blocks cannot have 55 %.
TEST_F(TransferCommandLineTest, WhatGivesNoSparsitiesIsARowWithTheReason) {
  const std::vector<std::string> more = {"--sparsity", "0.5,0.55", "--set", "group=4"};
  std::vector<std::string> as_json = more;
  as_json.insert(as_json.end(), {"--format", "json"});
  const json report = Json(Run(With(as_json)));
  const json& cells = report["subjects"][0]["sparsities"];
  EXPECT_TRUE(cells[0]["comparison"].is_object());
  EXPECT_TRUE(cells[1]["comparison"].is_null());
  for (const json& function : cells[1]["functions"]) EXPECT_TRUE(function.contains("failure"));
  const Outcome table = Run(With(more));
  EXPECT_EQ(table.exit_code, 0) << table.error;
  EXPECT_THAT(table.out, HasSubstr(cells[1]["functions"][0]["failure"].get<std::string>()));
}

}  // namespace
}  // namespace strata::cli

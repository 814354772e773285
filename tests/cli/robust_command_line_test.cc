// A search with several sparsities, texts and models as a person runs it.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/cli/command_line_fixture.h"
#include "tests/evaluator/support/gguf_writer.h"
#include "tests/evaluator/support/small_model.h"

namespace strata::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A trained model of five blocks, so small that a search takes a second.
constexpr char kStories[] = "/work/shared/data/models/stories260K.gguf";

class RobustCommandLineTest : public CommandLineTest {
 protected:
  std::string Config(const std::string& model, const std::string& robust, int evaluations) {
    return Write("robust.yaml",
                 fmt::format("model: {}\ntext: {}\nrun: {}/run\ntarget_sparsity: 0.7\n"
                             "calibration: {{sequences: 2, sequence_tokens: 32}}\n"
                             "fitness: {{windows: 2, window_tokens: 32, arithmetic: fp32}}\n"
                             "selection: {{windows: 2}}\n"
                             "report: {{windows: 2, window_tokens: 32}}\n"
                             "search: {{minutes: 0, maximum_evaluations: {}, finalists: 1,\n"
                             "  random_candidates: 2, baselines: [uniform, dsa-logvar]}}\n"
                             "surrogate: {{feature_pool: 4}}\n"
                             "robust: {}\n",
                             model, text_, folder_, evaluations, robust));
  }

  json Search(const std::vector<std::string>& arguments) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return json::parse(outcome.out, nullptr, false);
  }

  // The losses of `column` in all scenarios as their mean share of uniform's damage, on the scale
  // of the first.
  static double Combined(const json& report, const json& candidate, const std::string& column) {
    double share = 0, dense = 0, damage = 0;
    for (size_t i = 0; i < report["scenarios"].size(); ++i) {
      const json& scenario = report["scenarios"][i];
      const double low = std::log(scenario["dense_" + column].get<double>());
      const double high = std::log(scenario["uniform_" + column].get<double>());
      const double nll = std::log(candidate["scenarios"][i][column].get<double>());
      share += (nll - low) / (high - low) / static_cast<double>(report["scenarios"].size());
      if (i == 0) {
        dense = low;
        damage = high - low;
      }
    }
    return std::exp(dense + share * damage);
  }
};

TEST_F(RobustCommandLineTest, TwoSparsitiesOneNumber) {
  const std::string config = Config(model_, "{sparsities: [0.5]}", 3);
  const json report = Search({"search", config, "--format", "json"});
  ASSERT_EQ(report["scenarios"].size(), 2u) << report.dump(2);
  EXPECT_EQ(report["scenarios"][1]["name"], "0.5");
  EXPECT_EQ(report["evaluations"], 3);
  const json& best = report["best"];
  ASSERT_EQ(best["scenarios"].size(), 2u);
  EXPECT_NEAR(best["scenarios"][0]["sparsity"].get<double>(), 0.7, 0.02);
  EXPECT_NEAR(best["scenarios"][1]["sparsity"].get<double>(), 0.5, 0.02);
  for (const char* column : {"selection_perplexity", "report_perplexity"}) {
    EXPECT_NEAR(best[column].get<double>() / Combined(report, best, column), 1, 1e-9);
  }
  const Outcome table = Run({"pareto", folder_ + "/run"});
  EXPECT_THAT(table.out, AllOf(HasSubstr("In each scenario"), HasSubstr("dense"),
                               HasSubstr("the mean share")));
  // The first scenario's allocation is what is exported.
  const json exported = json::parse(Run({"export", folder_ + "/run"}).out, nullptr, false);
  EXPECT_EQ(exported["target_sparsity"], 0.7);
  EXPECT_EQ(exported["measured"]["scenarios"].size(), 2u);
  // What the run measured can be read back.
  EXPECT_EQ(Run({"explain", "dsa-logvar", "--run", folder_ + "/run"}).exit_code, 0);
}

TEST_F(RobustCommandLineTest, TwoTextsAndTwoSparsitiesAreTheSameWithOneWorkerAndWithTwo) {
  if (!std::filesystem::exists(kStories)) GTEST_SKIP() << kStories << " is not here";
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += fmt::format("Once there were {} little cats, and {} of them slept.\n", i, i * i % 97);
  }
  const std::string further = Write("cats.txt", text);
  const std::string config =
      Config(kStories, fmt::format("{{sparsities: [0.5], texts: [{}]}}", further), 12);
  const json report = Search({"search", config, "--format", "json", "--set", "workers.count=1"});
  ASSERT_EQ(report["scenarios"].size(), 4u) << report.dump(2);
  EXPECT_EQ(report["scenarios"][3]["name"], "cats.txt, 0.5");
  const json again = Search({"search", config, "--format", "json", "--set", "workers.count=2",
                             "--run", folder_ + "/again"});
  EXPECT_EQ(again.dump(), report.dump());
}

TEST_F(RobustCommandLineTest, TwoModels) {
  if (!std::filesystem::exists(kStories)) GTEST_SKIP() << kStories << " is not here";
  const std::string config = Config(kStories, fmt::format("{{models: [{}]}}", model_), 2);
  const json report = Search({"search", config, "--format", "json", "--set", "workers.count=1"});
  ASSERT_EQ(report["scenarios"].size(), 2u) << report.dump(2);
  EXPECT_THAT(report["scenarios"][1]["name"].get<std::string>(), HasSubstr("SmolLM2"));
  EXPECT_NEAR(report["best"]["report_perplexity"].get<double>() /
                  Combined(report, report["best"], "report_perplexity"),
              1, 1e-9);
}

TEST_F(RobustCommandLineTest, ADryRunKnowsFurtherTexts) {
  const std::filesystem::path second = folder_ + "/second";
  std::filesystem::create_directories(second);
  int copied = 0;
  for (const auto& file : std::filesystem::directory_iterator(text_)) {
    if (copied++ < 30) std::filesystem::copy(file.path(), second / file.path().filename());
  }
  const Outcome planned = Run(
      {"search", Config(model_, fmt::format("{{texts: [{}]}}", second.string()), 4), "--dry-run"});
  EXPECT_EQ(planned.exit_code, 0) << planned.error;
  EXPECT_THAT(planned.out, HasSubstr("2 baselines"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/run"));
}

TEST_F(RobustCommandLineTest, BadInputIsRefused) {
  const auto search = [&](const std::string& robust) {
    return Run({"search", Config(model_, robust, 4)});
  };
  EXPECT_REFUSED(search("{sparsities: [0.7]}"), HasSubstr("robust.sparsities"));
  EXPECT_REFUSED(search("{models: [/no/such.gguf]}"), HasSubstr("/no/such.gguf"));
  EXPECT_REFUSED(search(fmt::format("{{models: [{}/../models/{}]}}",
                                    std::filesystem::path(model_).parent_path().string(),
                                    std::filesystem::path(model_).filename().string())),
                 HasSubstr("twice"));
  EXPECT_REFUSED(search("{sparsities: [0.3, 0.4, 0.5, 0.6], aggregate: pareto}"),
                 HasSubstr("at most 4 objectives"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/run"));
}

}  // namespace
}  // namespace strata::cli

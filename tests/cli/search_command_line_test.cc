// `strata search` and `strata pareto` on a model that takes no time.
#include <gmock/gmock.h>

#include <cmath>
#include <csignal>
#include <cstdio>

#include "tests/cli/small_search_fixture.h"

namespace strata::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class SearchCommandLineTest : public SmallSearchTest {
 protected:
  // Two small tasks in a folder, the second of them with acc alone.
  std::string Tasks() {
    std::filesystem::create_directory(Path("tasks"));
    std::string lines;
    for (int i = 0; i < 40; ++i) {
      lines += json{{"context", fmt::format("Question {}:", i * i)},
                    {"choices", {" yes", " no", fmt::format(" {}", i)}},
                    {"gold", i % 3}}
                   .dump() +
               "\n";
    }
    Write("tasks/first.jsonl", lines);
    Write("tasks/first.yaml", "kind: multiple_choice\nitems: first.jsonl\n");
    Write("tasks/second.yaml",
          "kind: multiple_choice\nitems: first.jsonl\nmetrics: [acc]\ndelimiter: \"\"\n");
    return Path("tasks");
  }

  std::vector<std::string> WithErrors() {
    return {"--set", "fitness.tasks=" + Tasks(),
            "--set", "fitness.task_items=6",
            "--set", "search.objectives=loss,complexity,zero_shot_error"};
  }
};

TEST_F(SearchCommandLineTest, LaterCommandsKeepTheRecipeOfTheRun) {
  Search({"--set", "group=4", "--set", "target_sparsity=0.5"});
  const std::string best = Path("best.json");
  ASSERT_EQ(Run({"export", Path("run"), "-o", best}).exit_code, 0);
  const Outcome pruned = Run({"prune", "--model", small_.path(), "--allocation", best, "-o",
                              Path("pruned.gguf"), "--format", "json"});
  ASSERT_EQ(pruned.exit_code, 0) << pruned.error;
  const json recipe = json::parse(pruned.out);
  EXPECT_EQ(recipe["pruner"], "ria");
  EXPECT_EQ(recipe["group"], 4);
  EXPECT_EQ(recipe["calibration"]["text"], Path("text.txt"));
  EXPECT_EQ(recipe["calibration"]["sequence_tokens"], 32);
  EXPECT_EQ(pruned.error.find("has changed"), std::string::npos) << pruned.error;

  // Every sparsity that explain shows is a whole number of zeros per group.
  const Outcome explained = Run({"explain", "ramp(depth, 0.1)", "--run", Path("run")});
  ASSERT_EQ(explained.exit_code, 0) << explained.error;
  EXPECT_THAT(explained.out, ContainsRegex("group +4 +" + Path("run")));
  const json allocated = json::parse(Run({"allocate", "ramp(depth, 0.1)", "--model", small_.path(),
                                          "--sparsity", "0.5", "--group", "4", "--format", "json"})
                                         .out);
  for (const json& unit : allocated["allocation"]) {
    EXPECT_THAT(explained.out, HasSubstr(fmt::format("{:.3f}", unit["sparsity"].get<double>())));
  }

  const Outcome transferred =
      Run({"transfer", best, "--model", small_.path(), "--text", Path("text.txt"), "--sparsity",
           "0.5", "--set", "pruner=magnitude", "--set", "report.windows=2", "--set",
           "search.baselines=uniform", "--resamples", "0", "--format", "json"});
  ASSERT_EQ(transferred.exit_code, 0) << transferred.error;
  const json measurement = json::parse(transferred.out)["measurement"];
  EXPECT_EQ(measurement["group"], 4);
  EXPECT_EQ(measurement["pruner"], "magnitude");
  EXPECT_EQ(measurement["calibration_sequence_tokens"], 32);
  EXPECT_THAT(transferred.error,
              HasSubstr("--set pruner magnitude counts, not the pruner ria of '" + best + "'"));
}

TEST_F(SearchCommandLineTest, FinalistsAreComparedWithTheBestBaselineWindowByWindow) {
  const json report = Search();
  ASSERT_TRUE(report["best_baseline"].is_object());
  double lowest = INFINITY;
  for (const json& baseline : report["baselines"]) {
    lowest = std::min(lowest, baseline["selection_perplexity"].get<double>());
  }
  EXPECT_EQ(report["best_baseline"]["selection_perplexity"], lowest);
  EXPECT_EQ(report["best_baseline"]["against_best_baseline"]["loss_difference"], 0);
  int compared = 0;
  for (const char* group : {"front", "baselines", "other_finalists"}) {
    for (const json& candidate : report[group]) {
      const json& difference = candidate["against_best_baseline"];
      ASSERT_EQ(difference.is_null(), candidate["report_perplexity"].is_null());
      if (difference.is_null()) continue;
      ++compared;
      const double ratio = candidate["report_perplexity"].get<double>() /
                           report["best_baseline"]["report_perplexity"].get<double>();
      EXPECT_NEAR(difference["perplexity_ratio"].get<double>(), ratio, 1e-9);
      EXPECT_NEAR(difference["loss_difference"].get<double>(), std::log(ratio), 1e-9);
      EXPECT_LE(difference["loss_difference_interval"][0], difference["loss_difference"]);
      EXPECT_GE(difference["loss_difference_interval"][1], difference["loss_difference"]);
      EXPECT_EQ(difference["windows"], 4);
    }
  }
  EXPECT_GE(compared, 4);
  EXPECT_EQ(report["intervals"]["resamples"], 10000);
  EXPECT_EQ(report["measurements"]["report"]["windows"], 4);
  EXPECT_EQ(report["measurements"]["selection"]["protocol"], "sequential");

  const std::string table = Run({"pareto", Path("run")}).out;
  EXPECT_THAT(table, HasSubstr("report     4 windows of 32 tokens, report split, sequential "
                               "protocol, fp32"));
  EXPECT_THAT(table, ContainsRegex("best baseline by selection"));
  EXPECT_THAT(table, HasSubstr("the search ended by: evaluations"));
  EXPECT_THAT(table, HasSubstr("hypervolume of the front "));
  EXPECT_EQ(report["end_reason"], "evaluations");
  EXPECT_GT(report["hypervolume"].get<double>(), 0);
  if (report["best"]["id"] != report["best_baseline"]["id"]) {
    EXPECT_THAT(table, HasSubstr("4 windows, 10000 resamples, seed 1"));
  }
}

TEST_F(SearchCommandLineTest, ADryRunCountsTheItemsOfTasksAndTheirTokens) {
  std::vector<std::string> arguments = WithErrors();
  arguments.emplace_back("--dry-run");
  const json with = Search(arguments);
  ASSERT_EQ(with["tasks"].size(), 2u);
  EXPECT_EQ(with["tasks"][0]["items_per_candidate"], 6);
  const json& search = with["stages"][0];
  EXPECT_EQ(search["task_items"], 2 * 6);
  EXPECT_EQ(search["task_sequences"], 2 * 6 * 3) << "one for each choice";
  EXPECT_GT(search["task_tokens"].get<int>(), 2 * 6 * 3);
  EXPECT_EQ(with["stages"][1]["task_items"], 0) << "selection has no tasks";
  EXPECT_EQ(with["stages"][2]["task_items"], with["tasks"][0]["items_per_finalist"].get<int>() +
                                                 with["tasks"][1]["items_per_finalist"].get<int>());
  arguments.insert(arguments.begin(), {"search", config_});
  EXPECT_THAT(Run(arguments).out,
              AllOf(HasSubstr("task items"), HasSubstr("6 items for each candidate")));

  const json without = Search({"--dry-run", "--set", "fitness.tasks=" + Path("tasks")});
  EXPECT_EQ(without["tasks"][0]["items_per_candidate"], 0) << "their error is no objective";
  EXPECT_EQ(without["stages"][0]["task_items"], 0);
  EXPECT_GT(without["stages"][2]["task_items"].get<int>(), 0);
  EXPECT_THAT(Run({"search", config_, "--dry-run"}).out, Not(HasSubstr("task items")));
}

TEST_F(SearchCommandLineTest, TheZeroShotErrorIsAnObjective) {
  const json report = Search(WithErrors());
  const json& errors = report["measurements"]["zero_shot_errors"];
  EXPECT_EQ(errors["fitness"]["protocol"], "one-shot");
  EXPECT_EQ(errors["report"]["protocol"], "sequential");
  ASSERT_EQ(errors["tasks"].size(), 2u);
  EXPECT_EQ(errors["tasks"][0]["metric"], "acc_norm");
  EXPECT_EQ(errors["tasks"][1]["metric"], "acc");
  EXPECT_EQ(errors["tasks"][0]["fitness_items"], 6);
  int finalists = 0;
  for (const char* group : {"front", "baselines", "other_finalists"}) {
    for (const json& candidate : report[group]) {
      const double error = candidate["fitness_zero_shot_error"].get<double>();
      EXPECT_GE(error, 0);
      EXPECT_LE(error, 1);
      // A number of six items right in each of two tasks.
      EXPECT_NEAR(error * 12, std::round(error * 12), 1e-9);
      EXPECT_EQ(candidate["report_zero_shot_error"].is_null(),
                candidate["report_perplexity"].is_null());
      if (!candidate["report_zero_shot_error"].is_null()) ++finalists;
    }
  }
  EXPECT_GE(finalists, 4);
  const std::string table = Run({"pareto", Path("run")}).out;
  EXPECT_THAT(table, AllOf(HasSubstr("fitness error: 1 - mean accuracy"),
                           HasSubstr("report error: 1 - mean accuracy"),
                           HasSubstr("second (acc of 6 items)")));

  // Going on with it changes nothing, wherever the same tasks lie; with others it is refused.
  std::filesystem::rename(Path("tasks"), Path("moved"));
  EXPECT_EQ(Search({"--resume", "--set", "fitness.tasks=" + Path("moved")}), report);
  Write("moved/first.jsonl",
        ReadFile(Path("moved/first.jsonl")) +
            "{\"context\": \"x\", \"choices\": [\" a\", \" b\"], \"gold\": 0}\n");
  EXPECT_REFUSED(Run({"search", config_, "--resume"}), HasSubstr("tasks="));
}

TEST_F(SearchCommandLineTest, TasksThatAreNoObjectiveAreMeasuredOfFinalists) {
  const json report = Search({"--set", "fitness.tasks=" + Tasks(), "--set", "report.task_items=4"});
  EXPECT_FALSE(report["best"].contains("fitness_zero_shot_error"));
  const double error = report["best"]["report_zero_shot_error"].get<double>();
  EXPECT_NEAR(error * 8, std::round(error * 8), 1e-9);
}

TEST_F(SearchCommandLineTest, AnObjectiveThatNothingMeasuresIsRefused) {
  EXPECT_REFUSED(Run({"search", config_, "--set", "search.objectives=loss,latency"}),
                 HasSubstr("'latency', which nothing measures"));
  EXPECT_REFUSED(Run({"search", config_, "--set", "search.objectives=loss,zero_shot_error"}),
                 HasSubstr("'fitness.tasks' must be task files"));
  EXPECT_REFUSED(Run({"search", config_, "--set", "fitness.tasks=" + Path("none.yaml")}),
                 AllOf(HasSubstr("fitness.tasks: "), HasSubstr("none.yaml")));
  EXPECT_FALSE(std::filesystem::exists(Path("run"))) << "a refused search leaves nothing behind";
}

TEST_F(SearchCommandLineTest, AWorkerWithoutTheTasksIsRefused) {
  std::vector<std::string> arguments = {"search", config_,
                                        "--set",  "workers.count=0",
                                        "--set",  "workers.address=unix:" + Path("socket")};
  for (const std::string& argument : WithErrors()) arguments.push_back(argument);
  const pid_t search = Start(arguments);
  // The fixture keeps the output of one process at a time.
  const std::string command =
      fmt::format("{} worker --coordinator unix:{} --model {} --text {} 2>&1", STRATA_PROGRAM,
                  Path("socket"), small_.path(), Path("text.txt"));
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    output.push_back(static_cast<char>(c));
  }
  const int status = pclose(pipe);
  kill(search, SIGINT);
  EXPECT_EQ(Wait(search).exit_code, 130);
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_THAT(output, AllOf(HasSubstr("tasks digest: expected"), HasSubstr("--tasks")));
}

TEST_F(SearchCommandLineTest, AWarmStartIsMeasuredUnderItsName) {
  const std::string function = "span(sqrt(mean(W)), 0.19)";
  // One setting of a baseline, then the warm start.
  const std::vector<std::string> first = {
      "--set", "search.baselines=uniform",     "--set", "search.warm_start=" + function,
      "--set", "search.maximum_evaluations=6", "--set", "search.finalists=1000"};
  const auto find = [](const json& report, const std::string& name) {
    for (const char* group : {"front", "other_finalists"}) {
      for (const json& candidate : report[group]) {
        if (candidate["name"].get<std::string>().find(name) != std::string::npos ||
            candidate["expression"] == name) {
          return candidate;
        }
      }
    }
    return json();
  };
  const json warm = Search(first);
  ASSERT_TRUE(find(warm, function).is_object()) << warm.dump(1);

  // From a run: its front and finalists, whose names say where they come from.
  const json second =
      Search({"--run", Path("second"), "--set", "search.baselines=uniform", "--set",
              "search.warm_start=[span(sqrt(mean(W)), 0.17), " + Path("run") + "]", "--set",
              "search.maximum_evaluations=12", "--set", "search.finalists=1000"});
  EXPECT_TRUE(find(second, "span(sqrt(mean(W)), 0.17)").is_object()) << second.dump(1);
  const json found = find(second, " of " + Path("run"));
  ASSERT_TRUE(found.is_object()) << second.dump(1);
  EXPECT_REFUSED(Run({"search", config_, "--run", Path("third"), "--set",
                      "search.warm_start=" + Path("none.json")}),
                 HasSubstr("search.warm_start: "));
  EXPECT_FALSE(std::filesystem::exists(Path("third")));
}

// Coarse to fine: what a search on blocks found, in a search on single linears.
TEST_F(SearchCommandLineTest, ASearchOnLinearsGoesOnFromOneOnBlocks) {
  const json coarse = Search({"--set", "search.finalists=1000"});
  const std::vector<std::string> fine_run = {"--run", Path("fine"),
                                             "--set", "granularity=linear",
                                             "--set", "search.baseline_units=block",
                                             "--set", "search.warm_start=" + Path("run"),
                                             "--set", "search.finalists=1000"};
  std::vector<std::string> command = fine_run;
  command.insert(command.end(), {"--set", "search.maximum_evaluations=30"});
  const json fine = Search(command);
  ASSERT_EQ(fine["baselines"].size(), coarse["baselines"].size());
  for (size_t i = 0; i < fine["baselines"].size(); ++i) {
    const json& of_blocks = coarse["baselines"][i];
    const json& of_linears = fine["baselines"][i];
    const std::string name = of_blocks["name"];
    EXPECT_EQ(of_linears["name"],
              std::string(name).insert(std::min(name.find(' '), name.size()), " blockwise"));
    EXPECT_EQ(of_linears["selection_perplexity"], of_blocks["selection_perplexity"]) << name;
  }
  int lifted = 0;
  for (const char* group : {"front", "other_finalists"}) {
    for (const json& candidate : fine[group]) {
      const bool is_warm = candidate["name"].get<std::string>().ends_with(" of " + Path("run"));
      lifted += is_warm &&
                candidate["expression"].get<std::string>().find("blockwise(") != std::string::npos;
    }
  }
  EXPECT_GT(lifted, 0) << fine.dump(1);
  EXPECT_EQ(Run({"fsck", Path("fine")}).exit_code, 0);
  // The roles of the linears are part of the run: it goes on as the search that it is.
  std::vector<std::string> more = fine_run;
  more.insert(more.end(), {"--extend", "--set", "search.maximum_evaluations=34"});
  EXPECT_GT(Search(more)["evaluations"], fine["evaluations"]);
  const json exported = json::parse(Run({"export", Path("fine")}).out, nullptr, false);
  EXPECT_EQ(exported["allocation"].size(), 21u) << exported.dump(1);
}

TEST_F(SearchCommandLineTest, AnExtendedSearchIsTheLongerOne) {
  const json whole = Search({"--run", Path("whole"), "--set", "search.maximum_evaluations=32"});
  const json shorter = Search();
  EXPECT_LT(shorter["evaluations"], whole["evaluations"]);
  const json resumed = Search({"--resume"});
  EXPECT_EQ(resumed, shorter) << "nothing is left to resume";
  EXPECT_REFUSED(Run({"search", config_, "--resume", "--set", "search.maximum_evaluations=32"}),
                 HasSubstr("--extend"));
  const json extended = Search({"--extend", "--set", "search.maximum_evaluations=32"});
  const std::string before = Run({"pareto", Path("run")}).out;
  EXPECT_REFUSED(Run({"search", config_, "--extend", "--set", "search.maximum_evaluations=12"}),
                 AllOf(HasSubstr("--set: 'search.maximum_evaluations' is 12"), HasSubstr("32")));
  // The file has 25, which the command line overrode.
  EXPECT_THAT(Run({"search", config_, "--extend"}).error,
              AllOf(HasSubstr("config.yaml"), HasSubstr("the run keeps 32")));
  EXPECT_EQ(Run({"pareto", Path("run")}).out, before);
  EXPECT_EQ(extended["evaluations"], whole["evaluations"]);
  EXPECT_EQ(extended["candidates"], whole["candidates"]);
  EXPECT_EQ(extended["hypervolume"], whole["hypervolume"]);
  EXPECT_EQ(extended["end_reason"], "evaluations");
  EXPECT_GE(extended["hypervolume"], shorter["hypervolume"]);
  ASSERT_EQ(extended["front"].size(), whole["front"].size());
  for (size_t i = 0; i < whole["front"].size(); ++i) {
    EXPECT_EQ(extended["front"][i]["expression"], whole["front"][i]["expression"]);
    EXPECT_EQ(extended["front"][i]["fitness_perplexity"], whole["front"][i]["fitness_perplexity"]);
  }
}

TEST_F(SearchCommandLineTest, ARunIsContinuedWithoutItsConfiguration) {
  const json report = Search({"--set", "search.seed=5", "--evaluations", "20"});
  EXPECT_LE(report["evaluations"], 20);
  std::filesystem::rename(config_, Path("moved.yaml"));
  const Outcome resumed = Run({"search", "--resume", Path("run"), "--format", "json"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.error;
  EXPECT_EQ(json::parse(resumed.out, nullptr, false), report);
  const Outcome extended =
      Run({"search", "--extend", "--run", Path("run"), "--evaluations", "28", "--format", "json"});
  EXPECT_EQ(extended.exit_code, 0) << extended.error;
  EXPECT_GT(json::parse(extended.out, nullptr, false)["evaluations"], report["evaluations"]);
  EXPECT_THAT(extended.error,
              HasSubstr("--evaluations: 'search.maximum_evaluations' is 28 from now on"));
  // Neither the value of the file (25) nor the earlier one (20) comes back.
  const std::string before = Run({"pareto", Path("run")}).out;
  EXPECT_EQ(Run({"search", Path("moved.yaml"), "--extend"}).exit_code, 0);
  EXPECT_EQ(Run({"pareto", Path("run")}).out, before);
  EXPECT_THAT(Run({"search", "--extend", Path("run"), "--dry-run"}).error,
              HasSubstr("the forecast is of the whole run"));

  EXPECT_REFUSED(Run({"search"}), AllOf(HasSubstr("configuration file"), HasSubstr("--resume")));
  EXPECT_REFUSED(Run({"search", "--resume"}), HasSubstr("strata search --resume RUN"));
  EXPECT_REFUSED(Run({"search", "--resume", Path("none")}), HasSubstr("no such file or folder"));
  EXPECT_REFUSED(Run({"search", "--resume", folder_, "--run", Path("run")}),
                 HasSubstr("one run to continue"));
  EXPECT_REFUSED(Run({"search", "--resume", Path("run"), "--set", "search.seed=6"}),
                 HasSubstr("'search.seed' is 6"));
}

TEST_F(SearchCommandLineTest, CandidatesAreListedFilteredAndSorted) {
  const json report = Search();
  const auto list = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"candidates", Path("run")});
    const Outcome outcome = Run(more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return outcome.out;
  };
  const json all = json::parse(list({"--format", "json"}), nullptr, false);
  ASSERT_EQ(all["candidates"].size(), report["candidates"].get<size_t>());
  const json best =
      json::parse(list({"--filter", "state=verified", "--sort", "selection", "--format", "json"}),
                  nullptr, false);
  EXPECT_EQ(best["candidates"][0]["selection_perplexity"], report["best"]["selection_perplexity"]);
  EXPECT_EQ(best["all"], report["candidates"]);
  EXPECT_THAT(list({"--filter", "origin=baseline", "--filter", "nodes=1"}),
              AllOf(HasSubstr("uniform()"), Not(HasSubstr("waterfill"))));
  EXPECT_THAT(list({"--format", "csv"}), ::testing::StartsWith("id,state,origin,"));
  EXPECT_REFUSED(Run({"candidates", Path("run"), "--filter", "fitnes<4"}), HasSubstr("'fitness'"));
  EXPECT_REFUSED(Run({"candidates", Path("run"), "--sort", "loss"}), HasSubstr("--sort: "));
  EXPECT_REFUSED(Run({"candidates", Path("none")}), HasSubstr("none"));
}

TEST_F(SearchCommandLineTest, InitWritesAConfigurationThatSearches) {
  const std::string text = Path("text.txt"), yaml = Path("my.yaml");
  const Outcome written = Run({"init", small_.path(), text, "-o", yaml});
  ASSERT_EQ(written.exit_code, 0) << written.error;
  EXPECT_THAT(written.out, HasSubstr("strata search " + yaml));
  const Outcome forecast = Run({"search", yaml, "--dry-run", "--format", "json"});
  EXPECT_EQ(forecast.exit_code, 0) << forecast.error;
  EXPECT_EQ(json::parse(forecast.out, nullptr, false)["units"], 21);
  const std::string before = ReadFile(yaml);
  EXPECT_EQ(Run({"init", small_.path(), text, "-o", "-"}).out.find("# Search on"), 0u);

  // Nothing is written over a file, and nothing for bad input.
  EXPECT_REFUSED(Run({"init", small_.path(), text, "-o", yaml}), HasSubstr("--force"));
  EXPECT_EQ(ReadFile(yaml), before);
  EXPECT_EQ(Run({"init", small_.path(), text, "-o", yaml, "--force"}).exit_code, 0);
  const std::string other = Path("other.yaml");
  EXPECT_REFUSED(Run({"init", Path("none.gguf"), text, "-o", other}), HasSubstr("none.gguf"));
  EXPECT_REFUSED(Run({"init", small_.path(), Path("none.txt"), "-o", other}),
                 HasSubstr("none.txt"));
  EXPECT_REFUSED(Run({"init", small_.path(), Write("short.txt", "too short\n"), "-o", other}),
                 HasSubstr("short.txt"));
  EXPECT_FALSE(std::filesystem::exists(other));
}

TEST_F(SearchCommandLineTest, TheVersionHasTheFactsOfTheBuild) {
  EXPECT_THAT(Run({"--version"}).out,
              AllOf(ContainsRegex("^strata [0-9]+\\.[0-9]+\\.[0-9]+, commit "),
                    ContainsRegex("compiler .+, build type "),
                    ContainsRegex("LibTorch [0-9.]+, with(out)? CUDA"), HasSubstr("gRPC "),
                    HasSubstr("Protobuf ")));
}

TEST_F(SearchCommandLineTest, MinutesAndEvaluationsAreTheSettings) {
  EXPECT_REFUSED(Run({"search", config_, "--minutes", "soon"}),
                 HasSubstr("--minutes: 'search.minutes' must be a number, found 'soon'"));
  EXPECT_REFUSED(Run({"search", config_, "--evaluations", "1.5"}),
                 HasSubstr("'search.maximum_evaluations' must be a whole number"));
  EXPECT_REFUSED(Run({"search", config_, "--minutes", "1", "--set", "search.minutes=2"}),
                 HasSubstr("--minutes and --set search.minutes are the same setting"));
  const Outcome forecast =
      Run({"search", config_, "--evaluations", "17", "--dry-run", "--format", "json"});
  EXPECT_EQ(json::parse(forecast.out, nullptr, false)["evaluations"], 17);
}

TEST_F(SearchCommandLineTest, AQuietSearchPrintsTheReportAlone) {
  const Outcome quiet = Run({"search", config_, "--quiet"});
  EXPECT_EQ(quiet.exit_code, 0) << quiet.error;
  EXPECT_EQ(quiet.error, "");
  EXPECT_EQ(quiet.out, Run({"pareto", Path("run")}).out);
}

TEST_F(SearchCommandLineTest, TheReportSaysWhyTheSearchEnded) {
  const json report =
      Search({"--set", "search.stagnation=3", "--set", "search.maximum_evaluations=1000", "--set",
              "search.strategy=random"});
  EXPECT_EQ(report["end_reason"], "stagnation");
  EXPECT_LT(report["evaluations"], 1000);
  EXPECT_THAT(Run({"pareto", Path("run")}).out, HasSubstr("the search ended by: stagnation"));
}

}  // namespace
}  // namespace strata::cli

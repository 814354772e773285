// The main job on the real model in miniature, and every kind of bad input.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <thread>

#include "tests/cli/command_line_fixture.h"
#include "tests/evaluator/support/small_model.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

TEST_F(CommandLineTest, HelpOfEveryVerb) {
  EXPECT_EQ(Run({"--help"}).exit_code, 0);
  for (const char* verb :
       {"search", "worker", "pareto", "export", "eval", "tokenize", "config", "doctor"}) {
    const Outcome outcome = Run({verb, "--help"});
    EXPECT_EQ(outcome.exit_code, 0) << verb;
    EXPECT_THAT(outcome.out, HasSubstr("--help")) << verb;
  }
  EXPECT_EQ(Run({}).exit_code, 2);
  EXPECT_REFUSED(Run({"pareot", "x"}), HasSubstr("the nearest is 'pareto'"));
  EXPECT_REFUSED(Run({"levels", "biuld"}), HasSubstr("the nearest is 'build'"));
  EXPECT_REFUSED(
      Run({"pareto", "x", "--formt", "json"}),
      HasSubstr("unknown option '--formt' of 'strata pareto'; the nearest is '--format'"));
  EXPECT_REFUSED(Run({"pareto", "x", "--format", "xml"}), HasSubstr("{table,json}"));
  EXPECT_EQ(Run({"help", "search"}).out, Run({"search", "--help"}).out);
  EXPECT_EQ(Run({"help"}).out, Run({"--help"}).out);
  EXPECT_EQ(Run({"version"}).out, Run({"--version"}).out);
}

TEST_F(CommandLineTest, FetchingRunsNoPythonOfTheCurrentFolder) {
  fs::create_directory(folder_ + "/here");
  const std::string trap = "open('" + folder_ + "/trapped', 'w')\nraise SystemExit(0)\n";
  for (const char* module : {"argparse.py", "pathlib.py", "hashlib.py"}) {
    Write(std::string("here/") + module, trap);
  }
  const fs::path before = fs::current_path();
  fs::current_path(folder_ + "/here");
  ASSERT_EQ(setenv("PYTHONPATH", (folder_ + "/here").c_str(), 1), 0);
  const Outcome outcome = Run({"fetch", "no/such/model", "--to", folder_ + "/to"});
  unsetenv("PYTHONPATH");
  fs::current_path(before);
  EXPECT_EQ(outcome.exit_code, 2) << outcome.error;
  EXPECT_FALSE(fs::exists(folder_ + "/trapped"));
}

TEST_F(CommandLineTest, TokenizeAndEvalGiveTheirShapes) {
  const std::string text = Write("text.txt", ReadFile(text_ + "/1790-Washington-1.txt"));
  const Outcome tokens = Run({"tokenize", "--model", model_, text, "--format", "json"});
  ASSERT_EQ(tokens.exit_code, 0) << tokens.error;
  const auto tokens_json = nlohmann::json::parse(tokens.out);
  EXPECT_EQ(tokens_json["count"], 1275);
  EXPECT_EQ(tokens_json["ids"].size(), 1275u);

  const Outcome eval = Run({"eval", "--model", model_, "--text", text, "--window", "64",
                            "--windows", "3", "--format", "json"});
  ASSERT_EQ(eval.exit_code, 0) << eval.error;
  const auto json = nlohmann::json::parse(eval.out);
  EXPECT_EQ(json["windows"], 3);
  EXPECT_EQ(json["tokens"], 3 * 63);
  EXPECT_NEAR(std::log(json["perplexity"].get<double>()), json["mean_nll"].get<double>(), 1e-9);
  EXPECT_GT(json["mean_nll"].get<double>(), 1.0);
  EXPECT_LT(json["mean_nll"].get<double>(), 6.0);
}

TEST_F(CommandLineTest, ConfigShowsOrigins) {
  const Outcome outcome =
      Run({"config", SmallConfig(), "--set", "search.seed=5", "--format", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["search.seed"]["origin"], "--set");
  EXPECT_EQ(json["search.lag"]["origin"], "default");
  EXPECT_THAT(json["model"]["origin"].get<std::string>(), HasSubstr("small.yaml:1"));
}

TEST_F(CommandLineTest, ConfigShowsBasicSettingsAndWhatWasSet) {
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  const std::string basic = Run({"config"}).out;
  EXPECT_THAT(basic, AllOf(HasSubstr("target_sparsity"), HasSubstr("--all shows them")));
  EXPECT_THAT(basic, ::testing::Not(HasSubstr("search.lag")));
  EXPECT_LE(lines(basic), 35);
  EXPECT_THAT(Run({"config", "--set", "search.lag=9"}).out, HasSubstr("search.lag"));
  const std::string all = Run({"config", "--all"}).out;
  EXPECT_THAT(all, AllOf(HasSubstr("search.lag"), ::testing::Not(HasSubstr("--all shows them"))));
  EXPECT_GT(lines(all), 2 * lines(basic));
}

TEST_F(CommandLineTest, BadModels) {
  const std::string text = Write("text.txt", "Some words.");
  const auto eval = [&](const std::string& model) {
    return Run({"eval", "--model", model, "--text", text});
  };
  EXPECT_REFUSED(eval(folder_ + "/none.gguf"), HasSubstr("none.gguf"));
  EXPECT_REFUSED(eval(text), HasSubstr("GGUF"));
  std::string head(1 << 20, '\0');
  std::ifstream(model_, std::ios::binary)
      .read(head.data(), static_cast<std::streamsize>(head.size()));
  EXPECT_REFUSED(eval(Write("cut.gguf", head)), HasSubstr("truncated"));
}

TEST_F(CommandLineTest, TextTooShort) {
  const std::string text = Write("text.txt", "Some words.");
  EXPECT_REFUSED(Run({"eval", "--model", model_, "--text", text, "--window", "64"}),
                 AllOf(HasSubstr("text.txt"), HasSubstr("64")));
  EXPECT_REFUSED(Run({"search", SmallConfig(), "--set", "text=" + text}), HasSubstr("text.txt"));
  EXPECT_FALSE(fs::exists(folder_ + "/run")) << "a refused search must leave nothing behind";
}

TEST_F(CommandLineTest, BadConfigurations) {
  const std::string config = SmallConfig();
  EXPECT_REFUSED(Run({"search", folder_ + "/none.yaml"}), HasSubstr("none.yaml"));
  EXPECT_REFUSED(Run({"search", Write("bad.yaml", "serach: {seed: 1}\n")}),
                 AllOf(HasSubstr("bad.yaml:1"), HasSubstr("'serach'"), HasSubstr("'search'")));
  EXPECT_REFUSED(Run({"search", config, "--set", "search.seed=x"}), HasSubstr("whole number"));
  for (const char* sparsity : {"0", "1", "1.7", "-0.5"}) {
    EXPECT_REFUSED(Run({"search", config, "--set", fmt::format("target_sparsity={}", sparsity)}),
                   AllOf(HasSubstr("'target_sparsity'"), HasSubstr("--set")));
  }
  EXPECT_FALSE(fs::exists(folder_ + "/run"));
}

TEST_F(CommandLineTest, ASearchThatMeasuresNothingSaysSo) {
  const Outcome outcome = Run({"search", SmallConfig(), "--set", "search.minutes=0.00001"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.error, HasSubstr("search.minutes"));
}

TEST_F(CommandLineTest, AFullDiskBehindStandardOutputIsAnError) {
  const std::string full = fmt::format("{} config > /dev/full 2>/dev/null", STRATA_PROGRAM);
  EXPECT_EQ(WEXITSTATUS(std::system(full.c_str())), 2);
}

TEST_F(CommandLineTest, NoCoordinatorToServe) {
  EXPECT_REFUSED(Run({"worker", "--coordinator", "unix:" + folder_ + "/none.sock", "--model",
                      model_, "--text", text_, "--connect-timeout", "0.5"}),
                 HasSubstr("none.sock"));
}

TEST_F(CommandLineTest, AWorkerLeavesWhenItIsAskedToAndItsEvaluatingProcessWithIt) {
  const pid_t worker = Start({"worker", "--coordinator", "unix:" + folder_ + "/none.sock",
                              "--model", model_, "--text", text_, "--connect-timeout", "1000"});
  // By then it watches for signals.
  std::string child;
  while (child.empty() && kill(worker, 0) == 0) {
    std::ifstream(fmt::format("/proc/{0}/task/{0}/children", worker)) >> child;
  }
  EXPECT_EQ(kill(worker, SIGTERM), 0);
  const Outcome outcome = Wait(worker);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_FALSE(std::filesystem::exists("/proc/" + child));
}

// Not for people: the process that a worker starts to evaluate.
TEST_F(CommandLineTest, EvaluatingIsForWorkersOnly) {
  EXPECT_REFUSED(Run({"worker", "--coordinator", "unix:" + folder_ + "/none.sock", "--model",
                      model_, "--text", text_, "--evaluate"}),
                 HasSubstr("started by a worker"));
}

TEST_F(CommandLineTest, NoRunToShow) {
  EXPECT_REFUSED(Run({"pareto", folder_ + "/none"}), HasSubstr("none"));
  EXPECT_REFUSED(Run({"export", folder_ + "/none"}), HasSubstr("none"));
}

TEST_F(CommandLineTest, SearchFindsExportsAndRefusesToOverwrite) {
  const std::string config = SmallConfig();
  const Outcome search = Run({"search", config, "--format", "json"});
  ASSERT_EQ(search.exit_code, 0) << search.error;
  const auto report = nlohmann::json::parse(search.out);
  ASSERT_EQ(report["baselines"].size(), 6u);
  ASSERT_FALSE(report["front"].empty());
  EXPECT_EQ(report["evaluations"], 9);
  EXPECT_EQ(report["baseline_settings_measured"], 9);
  EXPECT_GT(report["baseline_settings"].get<int>(), 40) << "those not reached count too";
  for (const auto& baseline : report["baselines"]) {
    for (const char* key : {"id", "name", "expression", "complexity", "fitness_perplexity",
                            "report_perplexity", "sparsity"}) {
      EXPECT_FALSE(baseline[key].is_null()) << key;
    }
    EXPECT_NEAR(baseline["sparsity"].get<double>(), 0.7, 2e-3);
  }
  const std::string run = folder_ + "/run";
  EXPECT_EQ(nlohmann::json::parse(Run({"pareto", run, "--format", "json"}).out), report);
  EXPECT_THAT(Run({"pareto", run}).out, HasSubstr("uniform"));

  const Outcome whole = Run({"fsck", run, "--format", "json"});
  EXPECT_EQ(whole.exit_code, 0) << whole.out << whole.error;
  EXPECT_EQ(nlohmann::json::parse(whole.out)["whole"], true);
  const std::string copy = folder_ + "/copy";
  ASSERT_EQ(Run({"backup", run, copy}).exit_code, 0);
  EXPECT_EQ(nlohmann::json::parse(Run({"pareto", copy, "--format", "json"}).out), report);
  EXPECT_REFUSED(Run({"backup", run, copy}), HasSubstr("exists"));
  {
    const std::string database = copy + "/strata.sqlite";
    std::fstream file(database, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(database) / 2));
    file << std::string(8192, '\xa5');
  }
  const Outcome damaged = Run({"fsck", copy});
  EXPECT_EQ(damaged.exit_code, 1) << damaged.out << damaged.error;
  EXPECT_THAT(damaged.error, HasSubstr("not whole"));
  EXPECT_REFUSED(Run({"fsck", folder_ + "/none"}), HasSubstr("none"));

  const std::string best = folder_ + "/best.json";
  ASSERT_EQ(Run({"export", run, "-o", best}).exit_code, 0);
  EXPECT_REFUSED(Run({"export", run, "-o", best}), HasSubstr("--force"));
  EXPECT_EQ(Run({"export", run, "-o", best, "--force"}).exit_code, 0);
  const auto function = nlohmann::json::parse(ReadFile(best));
  EXPECT_EQ(function["schema"], "strata.allocation-function/1");
  EXPECT_EQ(function["expression"], report["best"]["expression"]);
  ASSERT_EQ(function["allocation"].size(), 30u);
  double mean = 0;
  for (const auto& unit : function["allocation"]) mean += unit["sparsity"].get<double>() / 30;
  EXPECT_NEAR(mean, 0.7, 1e-9);

  // The run's first profile measured the features of every baseline.
  const Outcome explained = Run({"explain", "owl", "--run", run});
  EXPECT_EQ(explained.exit_code, 0) << explained.error;
  EXPECT_THAT(explained.out,
              AllOf(HasSubstr("mean 0.7"), HasSubstr("█"), Not(HasSubstr("unknown"))));
  EXPECT_THAT(Run({"explain", "span(quantile(X, 0.123), 0.1)", "--run", run}).out,
              HasSubstr("not measured: quantile(X, 0.123)"));

  EXPECT_REFUSED(Run({"search", config}), HasSubstr("--resume"));
  const Outcome resumed = Run({"search", config, "--resume", "--format", "json"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.error;
  EXPECT_EQ(nlohmann::json::parse(resumed.out), report)
      << "resuming a finished run changes nothing";
  EXPECT_REFUSED(Run({"search", config, "--resume", "--set", "search.seed=2"}),
                 AllOf(HasSubstr("'search.seed'"), HasSubstr("--set")));

  // A refused resume leaves the run as it was.
  const std::string other_text = Write("other.txt", ReadFile(text_ + "/2022-Biden-1.txt"));
  const std::string exported = Run({"export", run}).out;
  EXPECT_REFUSED(Run({"search", config, "--resume", "--set", "text=" + other_text}),
                 HasSubstr("text"));
  EXPECT_EQ(Run({"export", run}).out, exported);

  // Settings that the command line leaves out are the run's own.
  const std::string bare = Write("bare.yaml", "run: " + run + "\n");
  EXPECT_EQ(Run({"search", bare, "--resume"}).exit_code, 0);
}

TEST_F(CommandLineTest, FunctionsAreListedExplainedAndApplied) {
  EXPECT_THAT(Run({"functions"}).out, AllOf(HasSubstr("owl"), HasSubstr("alphapruning")));
  EXPECT_THAT(Run({"functions", "owl"}).out, HasSubstr("M=10 lambda=0.2"));
  EXPECT_THAT(Run({"functions", "--operators"}).out, HasSubstr("Wanda score"));
  EXPECT_REFUSED(Run({"functions", "olw"}), HasSubstr("'owl'"));
  const auto listed = nlohmann::json::parse(Run({"functions", "--json"}).out);
  EXPECT_GT(listed.size(), 15u);

  EXPECT_THAT(Run({"explain", "owl", "M=7"}).out,
              AllOf(HasSubstr("span(-outliers(7), 0.08)"), HasSubstr("└─"), HasSubstr("the less")));
  EXPECT_REFUSED(Run({"explain", "span(dept, 0.1)"}),
                 AllOf(HasSubstr("column 6"), HasSubstr("nearest known name is 'depth'")));
  const Outcome measured = Run({"explain", "span(influence, 0.1)", "--model", model_, "--text",
                                text_, "--calibration-sequences", "1",
                                "--calibration-sequence-tokens", "16", "--sparsity", "0.5"});
  EXPECT_EQ(measured.exit_code, 0) << measured.error;
  EXPECT_THAT(measured.out, AllOf(HasSubstr("█"), HasSubstr("mean 0.500000000000")));

  // Without features neither text nor weights are needed.
  const std::string file = folder_ + "/ramp.json";
  ASSERT_EQ(Run({"allocate", "ramp(depth, 0.01)", "--model", model_, "--sparsity", "0.6",
                 "--granularity", "kind", "--format", "json", "-o", file})
                .exit_code,
            0);
  const auto function = nlohmann::json::parse(ReadFile(file));
  EXPECT_EQ(function["allocation"].size(), 60u);
  EXPECT_NEAR(function["mean_sparsity"].get<double>(), 0.6, 1e-12);
  const Outcome again =
      Run({"allocate", file, "--model", model_, "--sparsity", "0.6", "--format", "csv"});
  EXPECT_EQ(again.out.substr(0, again.out.find('\n')),
            "target_sparsity,name,block,kind,role,parameters,sparsity");
  EXPECT_THAT(again.out, HasSubstr("\n0.6,29.feed-forward,29,feed-forward,,2654208,0.7"))
      << "the file's units";
  const Outcome of_blocks = Run({"allocate", file, "--model", model_, "--sparsity", "0.6",
                                 "--granularity", "block", "--format", "csv"});
  EXPECT_THAT(of_blocks.out, HasSubstr("\n0.6,29,29,block,,3538944,0.7")) << of_blocks.error;
  const Outcome grouped = Run({"allocate", "arithmetic-progression", "--model", model_,
                               "--sparsity", "0.5", "--group", "8", "--format", "csv"});
  EXPECT_THAT(grouped.out, AllOf(HasSubstr("\n0.5,0,0,block,,3538944,0.375\n"),
                                 HasSubstr("\n0.5,29,29,block,,3538944,0.625")));
  EXPECT_THAT(Run({"allocate", "uniform", "--model", model_, "--sparsity", "0.6", "--granularity",
                   "linear", "--format", "csv"})
                  .out,
              HasSubstr("\n0.6,0.mlp.down_proj,0,feed-forward,down,884736,0.6"));
  EXPECT_REFUSED(
      Run({"allocate", "uniform", "--model", model_, "--sparsity", "0.5", "--group", "7"}),
      HasSubstr("divides the 576 inputs"));
  EXPECT_REFUSED(Run({"functions", "owl M=7"}), HasSubstr("alone"));
  EXPECT_REFUSED(Run({"explain", "owll"}),
                 AllOf(HasSubstr("as a name"), HasSubstr("as an expression"), HasSubstr("'owl'")));
  EXPECT_REFUSED(Run({"explain", "owl M=7 M=8"}), HasSubstr("each setting once"));
  EXPECT_REFUSED(Run({"explain", folder_ + "/"}), HasSubstr("something else than a file"));
  EXPECT_REFUSED(Run({"explain", Write("empty.json", "")}), HasSubstr("empty file"));
  EXPECT_REFUSED(Run({"explain", "span(depth)"}), ::testing::Not(HasSubstr("as a name")));
  EXPECT_REFUSED(
      Run({"allocate", "uniform", "--model", model_, "--sparsity", "0.501", "--group", "4"}),
      HasSubstr("0.501"));
  EXPECT_REFUSED(Run({"allocate", "owl", "--model", model_, "--sparsity", "0.6"}),
                 AllOf(HasSubstr("outliers(5)"), HasSubstr("--text")));
  EXPECT_REFUSED(Run({"allocate", "depth", "--model", model_, "--sparsity", "0.6"}),
                 HasSubstr("no sparsities"));
  EXPECT_REFUSED(Run({"allocate", "uniform", "--model", model_, "--sparsity", "1.6"}),
                 HasSubstr("1.6"));
  EXPECT_REFUSED(
      Run({"allocate", "uniform", "--model", model_, "--sparsity", "0.6", "--granularity", "row"}),
      AllOf(HasSubstr("--granularity"), HasSubstr("linear")));
}

TEST_F(CommandLineTest, DoctorDescribesAModelAndItsUnknownKeys) {
  const Outcome known = Run({"doctor", model_});
  EXPECT_EQ(known.exit_code, 0) << known.error;
  EXPECT_THAT(known.out, AllOf(HasSubstr("family llama: 30 blocks of width 576"),
                               HasSubstr("quantised ("), HasSubstr("unknown keys      none in ")));
  evaluator::SmallModel small;
  small.reals["llama.attention.sharpness"] = 2;
  const std::string file = Write("sharp.gguf", small.Gguf());
  const Outcome unknown = Run({"doctor", file, "--format", "json"});
  ASSERT_EQ(unknown.exit_code, 0) << unknown.error;
  const auto json = nlohmann::json::parse(unknown.out);
  EXPECT_EQ(json["unknown_keys"], nlohmann::json({"llama.attention.sharpness"}));
  EXPECT_EQ(json["family"], "llama");
  EXPECT_EQ(json["hidden"], 8);
  EXPECT_EQ(json["tensors_by_type"]["F32"], 12);
  EXPECT_THAT(Run({"doctor", file}).out, HasSubstr("unknown keys      llama.attention.sharpness"));
  EXPECT_REFUSED(Run({"doctor", folder_ + "/none.gguf"}), HasSubstr("none.gguf"));
}

TEST_F(CommandLineTest, AllocateTakesSeveralTargets) {
  const auto allocate = [&](const std::string& sparsity, const std::string& format) {
    const Outcome outcome = Run({"allocate", "ramp(depth, 0.01)", "--model", model_, "--sparsity",
                                 sparsity, "--format", format});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return outcome.out;
  };
  EXPECT_THAT(allocate("0.5,0.6", "table"),
              AllOf(HasSubstr("at 0.5"), HasSubstr("at 0.6"), HasSubstr("(target 0.5)"),
                    HasSubstr("(target 0.6)")));
  const auto json = nlohmann::ordered_json::parse(allocate("0.5,0.6", "json"));
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0], nlohmann::ordered_json::parse(allocate("0.5", "json")));
  EXPECT_EQ(json[1], nlohmann::ordered_json::parse(allocate("0.6", "json")));
  const std::string later = allocate("0.6", "csv");
  EXPECT_EQ(allocate("0.5,0.6", "csv"),
            allocate("0.5", "csv") + later.substr(later.find('\n') + 1));
  EXPECT_REFUSED(Run({"allocate", "uniform", "--model", model_, "--sparsity", "0.5,1.5"}),
                 HasSubstr("1.5"));
}

TEST_F(CommandLineTest, LevelsArePlannedBuiltCheckedAndRefusedWhereTheyDoNotFit) {
  const std::string folder = folder_ + "/levels";
  const auto build = [&](const std::vector<std::string>& more,
                         const std::string& grid = "0.5,0.7") {
    std::vector<std::string> arguments = {"levels",
                                          "build",
                                          "--model",
                                          model_,
                                          "--text",
                                          text_,
                                          "-o",
                                          folder,
                                          "--grid",
                                          grid,
                                          "--calibration-sequences",
                                          "2",
                                          "--calibration-sequence-tokens",
                                          "32",
                                          "--threads",
                                          "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  const Outcome plan = Run(build({"--dry-run", "--format", "json"}));
  ASSERT_EQ(plan.exit_code, 0) << plan.error;
  const auto json = nlohmann::json::parse(plan.out);
  EXPECT_EQ(json["entries"], 30 * (1 + 7 * 2));
  EXPECT_GT(json["bytes"], 2 * 2 * 106'168'320);
  EXPECT_FALSE(json["finished"]);
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_REFUSED(Run({"levels", "check", folder}), HasSubstr("levels.bank: cannot open"));
  EXPECT_REFUSED(Run(build({"--dry-run"}, "0.5,1")),
                 AllOf(HasSubstr("--grid: level 2"), HasSubstr("below 1, found 1")));
  EXPECT_REFUSED(Run(build({"--store", "int8"})), HasSubstr("\"bf16\", \"fp32\", found \"int8\""));

  // Interrupted once some of it is written.
  const pid_t process = Start(build({}));
  const std::string partial = folder + "/levels.bank.partial";
  std::error_code none;
  while (!fs::exists(partial, none) || fs::file_size(partial, none) < 10'000'000) {
    ASSERT_EQ(waitpid(process, nullptr, WNOHANG), 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  kill(process, SIGINT);
  const Outcome stopped = Wait(process);
  EXPECT_EQ(stopped.exit_code, 130);
  EXPECT_THAT(stopped.error, HasSubstr("nothing that was finished is lost"));
  EXPECT_REFUSED(Run({"levels", "check", folder}), HasSubstr("still to be built"));
  const Outcome built = Run(build({}));
  ASSERT_EQ(built.exit_code, 0) << built.error;
  EXPECT_THAT(built.out, HasSubstr("done"));
  EXPECT_EQ(fs::file_size(folder + "/levels.bank"), json["bytes"].get<uintmax_t>());
  EXPECT_FALSE(fs::exists(partial));
  const Outcome checked = Run({"levels", "check", folder});
  EXPECT_EQ(checked.exit_code, 0) << checked.error;
  EXPECT_THAT(checked.out, HasSubstr("all 450 entries"));

  // A search with another calibration.
  EXPECT_REFUSED(Run({"search", SmallConfig(), "--set", "pruner=sparsegpt", "--set",
                      "fitness.levels=" + folder, "--set", "calibration.sequences=3"}),
                 HasSubstr("calibration: expected 3x32, found 2x32"));

  std::fstream file(folder + "/levels.bank", std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(100'000'000);
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(100'000'000);
  file.put(byte);
  file.close();
  const Outcome altered = Run({"levels", "check", folder});
  EXPECT_EQ(altered.exit_code, 2);
  EXPECT_THAT(altered.error, AllOf(HasSubstr("block "), HasSubstr("the file was altered")));
}

TEST_F(CommandLineTest, InterruptedSearchResumesToTheSameResult) {
  const std::string config = SmallConfig();
  const Outcome whole = Run({"search", config, "--run", folder_ + "/whole", "--format", "json"});
  ASSERT_EQ(whole.exit_code, 0) << whole.error;

  const std::string run = folder_ + "/parts";
  const pid_t process = Start({"search", config, "--run", run, "--set", "workers.count=1"});
  // Interrupts once the first evaluation is stored, whenever that is.
  for (int attempt = 0; attempt < 6000 && StoredEvaluations(run) == 0; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(process, SIGINT);
  const Outcome interrupted = Wait(process);
  if (interrupted.exit_code != 0) {
    EXPECT_EQ(interrupted.exit_code, 130) << interrupted.error;
    EXPECT_THAT(interrupted.error, HasSubstr("--resume"));
  }
  const Outcome resumed = Run({"search", config, "--run", run, "--resume", "--format", "json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.error;
  EXPECT_EQ(nlohmann::json::parse(resumed.out), nlohmann::json::parse(whole.out));
}

}  // namespace
}  // namespace strata::cli

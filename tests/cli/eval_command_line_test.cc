// `strata eval` as a person runs it.
#include <gmock/gmock.h>

#include <csignal>
#include <thread>

#include "tests/cli/command_line_fixture.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

// A model of three blocks and small tasks.
class EvalCommandLineTest : public CommandLineTest {
 protected:
  EvalCommandLineTest() : small_(evaluator::WaveModelGguf()) {
    std::string lines;
    for (int i = 0; i < 6; ++i) {
      lines += json{{"context", fmt::format("Question {}:", i)},
                    {"choices", {" yes", " no"}},
                    {"gold", i % 2}}
                   .dump() +
               "\n";
    }
    choices_ = Write("choices.jsonl", lines);
    Write("sums.jsonl", json{{"context", "1+1="}, {"target", "2"}}.dump() + "\n");
    sums_ = Write("sums.yaml",
                  "kind: generate_until\nitems: sums.jsonl\nuntil: [x]\nmaximum_tokens: 4\n");
    last_ = Write("last.jsonl",
                  "{\"context\": \"one two\", \"continuation\": \" three\"}\n"
                  "{\"context\": \"a b\", \"continuation\": \" c\"}\n");
    std::string text;
    for (int i = 0; i < 3000; ++i) text += fmt::format("line {} of it\n", i * i % 977);
    long_text_ = Write("text.txt", text);
  }

  std::vector<std::string> With(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"eval", "--model", small_.path(), "--resamples", "200"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  Outcome Eval(const std::vector<std::string>& more) { return Run(With(more)); }
  json Json(std::vector<std::string> more) {
    more.insert(more.end(), {"--format", "json"});
    const Outcome outcome = Eval(more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    json result = json::parse(outcome.out, nullptr, false);
    if (result.is_object()) result.erase("seconds");
    return result;
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  TemporaryFile small_;
  std::string choices_, sums_, last_, long_text_;
};

TEST_F(EvalCommandLineTest, TasksOfEveryKindAndTheirSamples) {
  const json result =
      Json({"--task", choices_, "--task", sums_, "--task", last_, "--text", long_text_, "--rolling",
            "--window", "64", "--windows", "3", "--limit", "4", "--log-samples", Path("samples")});
  EXPECT_EQ(result["windows"], 3);
  EXPECT_EQ(result["perplexity_interval"].size(), 2u);
  const json& tasks = result["tasks"];
  EXPECT_EQ(tasks["choices"]["documents"], 4);
  EXPECT_EQ(tasks["last"]["documents"], 2);
  for (const char* key : {"acc", "acc_stderr", "acc_interval", "acc_norm", "acc_norm_stderr"}) {
    EXPECT_TRUE(tasks["choices"].contains(key)) << key;
  }
  EXPECT_TRUE(tasks["last"].contains("perplexity"));
  EXPECT_TRUE(tasks["sums"].contains("exact_match,none"));
  EXPECT_GT(tasks["rolling"]["byte_perplexity"].get<double>(), 1);
  EXPECT_FALSE(result.contains("pruned"));

  std::stringstream samples(ReadFile(Path("samples")));
  std::string line;
  int count = 0;
  double right = 0;
  while (std::getline(samples, line)) {
    const json sample = json::parse(line);
    ++count;
    EXPECT_EQ(sample["version"], "dense");
    if (sample["task"] != "choices") continue;
    EXPECT_EQ(sample["log_likelihoods"].size(), 2u);
    right += sample["acc"].get<double>();
  }
  EXPECT_EQ(count, 4 + 1 + 2 + 1);
  EXPECT_DOUBLE_EQ(right / 4, tasks["choices"]["acc"].get<double>());
}

TEST_F(EvalCommandLineTest, DenseAndPrunedSideBySide) {
  const std::string ratios = Write("ratios.json", "[0.25, 0.5, 0.75]");
  const std::vector<std::string> work = {"--task",       choices_, "--text",    long_text_,
                                         "--window",     "64",     "--windows", "3",
                                         "--allocation", ratios,   "--pruner",  "magnitude"};
  const json both = Json(work);
  const json& pruned = both["pruned"];
  EXPECT_DOUBLE_EQ(pruned["sparsity"].get<double>(), 0.5);
  EXPECT_NEAR(pruned["counted_sparsity"].get<double>(), 0.5, 0.05);
  EXPECT_NEAR(pruned["perplexity_difference"].get<double>(),
              pruned["perplexity"].get<double>() - both["perplexity"].get<double>(), 1e-9);
  EXPECT_NE(pruned["perplexity_difference"], 0);
  EXPECT_TRUE(pruned["tasks"]["choices"].contains("acc_difference_interval"));
  EXPECT_TRUE(pruned["tasks"]["choices"].contains("acc_difference_stderr"));

  // The pruned column is what the pruned model itself gives.
  const Outcome prune = Run({"prune", "--model", small_.path(), "--allocation", ratios, "--pruner",
                             "magnitude", "-o", Path("pruned.gguf")});
  ASSERT_EQ(prune.exit_code, 0) << prune.error;
  const Outcome outcome =
      Run({"eval", "--model", Path("pruned.gguf"), "--task", choices_, "--text", long_text_,
           "--window", "64", "--windows", "3", "--resamples", "0", "--format", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  const json alone = json::parse(outcome.out);
  EXPECT_NEAR(alone["perplexity"].get<double>(), pruned["perplexity"].get<double>(),
              1e-4 * alone["perplexity"].get<double>());
  EXPECT_EQ(alone["tasks"]["choices"]["acc"], pruned["tasks"]["choices"]["acc"]);
  const Outcome table = Eval(work);
  EXPECT_THAT(table.out, AllOf(HasSubstr("dense"), HasSubstr("pruned"), HasSubstr("difference"),
                               HasSubstr("50.0000 % of the prunable weights")));
}

TEST_F(EvalCommandLineTest, TheFileDecidesUnlessAnOptionIsGiven) {
  const Outcome allocated = Run({"allocate", "uniform", "--model", small_.path(), "--sparsity",
                                 "0.5", "--group", "4", "--format", "json"});
  ASSERT_EQ(allocated.exit_code, 0) << allocated.error;
  json best = json::parse(allocated.out);
  best["pruner"] = "magnitude";
  const std::string file = Write("best.json", best.dump());
  const std::string ratios = Write("ratios.json", "[0.5, 0.5, 0.5]");
  const auto pruned = [&](const std::string& allocation, std::vector<std::string> more) {
    more.insert(more.begin(), {"--text", long_text_, "--window", "64", "--windows", "3",
                               "--allocation", allocation});
    return Json(more)["pruned"];
  };
  const json decided = pruned(file, {});
  EXPECT_EQ(decided["perplexity"],
            pruned(ratios, {"--group", "4", "--pruner", "magnitude"})["perplexity"]);
  EXPECT_EQ(decided["recipe"]["group"], (json{{"value", "4"}, {"from", file}}));
  EXPECT_EQ(decided["recipe"]["pruner"]["value"], "magnitude");
  const json given = pruned(file, {"--group", "0"});
  EXPECT_NE(given["perplexity"], decided["perplexity"]);
  EXPECT_EQ(given["recipe"]["group"]["instead_of"], "4");
  const Outcome table = Eval({"--text", long_text_, "--window", "64", "--windows", "3",
                              "--allocation", file, "--group", "0"});
  EXPECT_THAT(table.error, HasSubstr("--group 0 counts, not the group 4 of '" + file + "'"));
  EXPECT_THAT(table.out, AllOf(HasSubstr("magnitude"), HasSubstr("protocol")));
}

TEST_F(EvalCommandLineTest, CountedZerosStandBesideTheSparsityAskedFor) {
  // Rows of 16 and 24 weights hold whole numbers of zeros, so 0.53 cannot be had.
  const std::string file = Write("odd.json", "[0.53, 0.53, 0.53]");
  const std::vector<std::string> more = {"--text",       long_text_, "--window", "64",
                                         "--windows",    "2",        "--pruner", "magnitude",
                                         "--allocation", file};
  const json pruned = Json(more)["pruned"];
  EXPECT_DOUBLE_EQ(pruned["sparsity"].get<double>(), 0.53);
  const Outcome written = Run({"prune", "--model", small_.path(), "--allocation", file, "--pruner",
                               "magnitude", "-o", Path("odd.gguf"), "--format", "json"});
  ASSERT_EQ(written.exit_code, 0) << written.error;
  EXPECT_DOUBLE_EQ(pruned["counted_sparsity"].get<double>(),
                   json::parse(written.out)["achieved_sparsity"].get<double>());
  EXPECT_THAT(Eval(more).out,
              AllOf(HasSubstr("asked for: 53.0000 % of the prunable weights; counted: "),
                    HasSubstr(" % are zero (")));
  std::vector<std::string> resumed = more;
  resumed.insert(resumed.end(), {"--resume", Path("odd.jsonl")});
  EXPECT_EQ(Json(resumed)["pruned"], pruned);
  EXPECT_TRUE(Json(resumed)["pruned"]["counted_sparsity"].is_null()) << "nothing was pruned";
  EXPECT_THAT(Eval(resumed).out, HasSubstr("zeros not counted"));
}

TEST_F(EvalCommandLineTest, TheTailCountsWhereItIsKept) {
  const std::string text = Write("short.txt", std::string(100, 'a') + "b");
  const json dropped = Json({"--text", text, "--window", "64"});
  const json kept = Json({"--text", text, "--window", "64", "--tail", "keep"});
  EXPECT_EQ(dropped["windows"], 1);
  EXPECT_EQ(kept["windows"], 2);
  EXPECT_GT(kept["tokens"], dropped["tokens"]);
}

TEST_F(EvalCommandLineTest, AnInterruptedRunGoesOnToTheSameBytes) {
  const std::vector<std::string> work = {"--task",   choices_,   "--task", last_,       "--text",
                                         long_text_, "--window", "64",     "--windows", "300"};
  const json expected = Json(work);
  std::vector<std::string> resumed = work;
  resumed.insert(resumed.end(), {"--resume", Path("kept.jsonl")});
  ASSERT_EQ(Json(resumed), expected);
  const std::string whole = ReadFile(Path("kept.jsonl"));
  const size_t lines = std::count(whole.begin(), whole.end(), '\n');
  ASSERT_GT(lines, 3u);
  // As a killed run leaves it: some batches, and a part of the next one.
  const size_t second = whole.find('\n', whole.find('\n') + 1);
  Write("kept.jsonl", whole.substr(0, second + 20));
  EXPECT_EQ(Json(resumed), expected);
  EXPECT_EQ(ReadFile(Path("kept.jsonl")), whole);
}

TEST_F(EvalCommandLineTest, AnInterruptKeepsWhatWasMeasured) {
  const pid_t process = Start(
      {"eval", "--model", model_, "--text", text_ + "/1790-Washington-1.txt", "--window", "64",
       "--task", choices_, "--resume", Path("kept.jsonl"), "--log-samples", Path("samples")});
  while (!fs::exists(Path("kept.jsonl")) && waitpid(process, nullptr, WNOHANG) == 0) {
    std::this_thread::yield();
  }
  kill(process, SIGINT);
  const Outcome outcome = Wait(process);
  EXPECT_EQ(outcome.exit_code, 130) << outcome.error;
  EXPECT_FALSE(fs::exists(Path("samples")));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(EvalCommandLineTest, ContextsThatDoNotFitAreCounted) {
  const Outcome outcome = Eval({"--task", choices_, "--maximum-tokens", "8"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_THAT(outcome.error, HasSubstr("choices: the contexts of 6 of 6 documents lost their "
                                       "beginning, because the model reads 8 tokens at once"));
}

TEST_F(EvalCommandLineTest, BadInputIsRefused) {
  EXPECT_REFUSED(Eval({}), HasSubstr("expected --text or --task"));
  EXPECT_REFUSED(Eval({"--task", choices_, "--rolling"}), HasSubstr("--rolling"));
  EXPECT_REFUSED(Eval({"--task", Path("none.jsonl")}), HasSubstr("none.jsonl"));
  EXPECT_REFUSED(Eval({"--task", Write("bad.jsonl",
                                       "{\"context\": \"a\", \"choices\": [\"b\"], \"gold\": 7}")}),
                 AllOf(HasSubstr("bad.jsonl:1: \"gold\": expected"), HasSubstr("found 7")));
  EXPECT_REFUSED(
      Eval({"--task", Write("bad.yaml", "kind: multiple_choice\nitem: choices.jsonl\n")}),
      HasSubstr("bad.yaml:2: unknown key 'item'"));
  EXPECT_REFUSED(Eval({"--task", choices_, "--task", choices_}), HasSubstr("'choices' twice"));
  EXPECT_REFUSED(Eval({"--task", choices_, "--pruner", "best"}), HasSubstr("--pruner"));
  EXPECT_REFUSED(Eval({"--task", choices_, "--allocation", Write("two.json", "[0.5, 0.5]")}),
                 HasSubstr("expected an allocation of 3 sparsities"));
  EXPECT_REFUSED(Eval({"--task", choices_, "--allocation", Write("r.json", "[0.5, 0.5, 0.5]")}),
                 HasSubstr("needs a text to calibrate with"));
  EXPECT_REFUSED(Eval({"--task", choices_, "--resume", long_text_}),
                 HasSubstr("expected a file of responses"));
  EXPECT_REFUSED(Eval({"--task", choices_, "--log-samples", Path("no/samples")}),
                 HasSubstr("--log-samples: expected the folder"));
  EXPECT_FALSE(fs::exists(Path("no")));
}

}  // namespace
}  // namespace strata::cli

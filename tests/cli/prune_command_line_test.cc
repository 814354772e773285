// `strata prune` as a person runs it.
#include <gmock/gmock.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "tests/cli/command_line_fixture.h"
#include "tests/evaluator/support/hugging_face_folder.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

// Models of three blocks, as a GGUF file and as a directory.
class PruneCommandLineTest : public CommandLineTest {
 protected:
  PruneCommandLineTest() : small_(evaluator::WaveModelGguf()) {
    evaluator::HuggingFaceFiles::Wave().Write(directory_, 4000);
  }

  Outcome Prune(const std::string& model, const std::vector<std::string>& more,
                const std::string& output) {
    std::vector<std::string> arguments = {"prune",      "--model",  model,      "-o",
                                          Path(output), "--pruner", "magnitude"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }

  // What a refused run prints; nothing may be left of it.
  std::string Refusal(const std::string& model, const std::vector<std::string>& more) {
    const Outcome outcome =
        Prune(model, more, fs::is_directory(model) ? "refused" : "refused.gguf");
    EXPECT_EQ(outcome.exit_code, 2) << outcome.error;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      EXPECT_THAT(entry.path().filename().string(), ::testing::Not(HasSubstr("refused")));
    }
    return outcome.error;
  }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  TemporaryFile small_;
  TemporaryFolder directory_;
};

TEST_F(PruneCommandLineTest, ADirectoryHoldsTheRecipeAndEveryRatio) {
  const std::string ratios = Write("ratios.json", "[0.25, 0.5, 0.75]");
  const Outcome outcome =
      Prune(directory_.path(), {"--allocation", ratios, "--shard-size", "0.000005"}, "pruned");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_THAT(outcome.out, HasSubstr("weights are zero (50.0000 %)"));
  const json recipe = json::parse(ReadFile(Path("pruned/strata.json")));
  EXPECT_EQ(recipe["schema"], "strata.pruned-model/1");
  EXPECT_EQ(recipe["pruner"], "magnitude");
  EXPECT_FALSE(recipe.contains("function"));
  ASSERT_EQ(recipe["linears"].size(), 21u);
  for (const json& linear : recipe["linears"]) {
    const double expected = 0.25 * (1 + linear["block"].get<int>());
    EXPECT_EQ(linear["sparsity"], expected);
    EXPECT_EQ(linear["zeros"].get<double>(), expected * linear["weights"].get<double>());
  }
  EXPECT_EQ(recipe["achieved_sparsity"], 0.5);
  EXPECT_TRUE(fs::exists(Path("pruned/model.safetensors.index.json")));
  EXPECT_EQ(json::parse(ReadFile(Path("pruned/config.json"))),
            json::parse(ReadFile(directory_.path() + "/config.json")));
  // The result is a model like any other.
  const Outcome again =
      Prune(Path("pruned"), {"--allocation", ratios, "--format", "json"}, "again");
  ASSERT_EQ(again.exit_code, 0) << again.error;
  EXPECT_EQ(json::parse(again.out)["zeros"], recipe["zeros"]);
}

TEST_F(PruneCommandLineTest, BitmapsAreWrittenReadAndConverted) {
  const std::string ratios = Write("ratios.json", "[0.25, 0.5, 0.75]");
  const Outcome dense = Prune(directory_.path(), {"--allocation", ratios}, "dense");
  ASSERT_EQ(dense.exit_code, 0) << dense.error;
  const Outcome outcome =
      Prune(directory_.path(), {"--allocation", ratios, "--format", "bitmap", "--format", "json"},
            "small");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(json::parse(outcome.out)["achieved_sparsity"], 0.5);
  EXPECT_TRUE(fs::exists(Path("small/bitmap.safetensors.index.json")));
  EXPECT_FALSE(fs::exists(Path("small/model.safetensors")));
  const Outcome back = Run({"convert", Path("small"), "--to", "dense", "-o", Path("back")});
  ASSERT_EQ(back.exit_code, 0) << back.error;
  EXPECT_EQ(ReadFile(Path("back/model.safetensors")), ReadFile(Path("dense/model.safetensors")));
  const Outcome same = Run({"convert", Path("back"), "--to", "dense", "-o", Path("refused")});
  EXPECT_EQ(same.exit_code, 2);
  EXPECT_THAT(same.error, HasSubstr("the linears are dense already"));
  EXPECT_FALSE(fs::exists(Path("refused")));

  // A model with bitmaps is pruned like any other.
  const Outcome again = Prune(Path("small"), {"--allocation", ratios, "--format", "json"}, "again");
  ASSERT_EQ(again.exit_code, 0) << again.error;
  EXPECT_EQ(json::parse(again.out)["zeros"], json::parse(outcome.out)["zeros"]);
  EXPECT_THAT(Refusal(small_.path(), {"--allocation", ratios, "--format", "bitmap"}),
              HasSubstr("bitmaps are written to a directory"));
}

TEST_F(PruneCommandLineTest, FunctionsAreAppliedAndStoredAllocationsTaken) {
  const std::string text = Write("text.txt", [] {
    std::string lines;
    for (int i = 0; i < 3000; ++i) lines += fmt::format("line {} of it\n", i * i % 977);
    return lines;
  }());
  const Outcome allocated =
      Run({"allocate", "owl M=3 lambda=0.08", "--model", small_.path(), "--text", text,
           "--sparsity", "0.5", "--format", "json", "-o", Path("best.json")});
  ASSERT_EQ(allocated.exit_code, 0) << allocated.error;
  const std::vector<std::string> wanda = {"--pruner", "wanda", "--text", text, "--format", "json"};
  const auto pruned = [&](std::vector<std::string> more, const std::string& output) {
    std::vector<std::string> arguments = {"prune", "--model", small_.path(), "-o", Path(output)};
    arguments.insert(arguments.end(), wanda.begin(), wanda.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return json::parse(outcome.out, nullptr, false);
  };
  const json stored = pruned({"--allocation", Path("best.json")}, "a.gguf");
  const json applied =
      pruned({"--allocation", "owl", "M=3", "lambda=0.08", "--sparsity", "0.5"}, "b.gguf");
  EXPECT_EQ(stored["allocation"], applied["allocation"]);
  EXPECT_EQ(stored["function"]["expression"], applied["function"]["expression"]);
  EXPECT_EQ(stored["linears"], applied["linears"]);
  const json anew = pruned({"--allocation", Path("best.json"), "--sparsity", "0.7"}, "c.gguf");
  EXPECT_NEAR(anew["achieved_sparsity"].get<double>(), 0.7, 0.05);
}

TEST_F(PruneCommandLineTest, TheFileDecidesUnlessAnOptionIsGiven) {
  const Outcome allocated = Run({"allocate", "uniform", "--model", small_.path(), "--sparsity",
                                 "0.5", "--group", "4", "--format", "json"});
  ASSERT_EQ(allocated.exit_code, 0) << allocated.error;
  json best = json::parse(allocated.out);
  best["pruner"] = "magnitude";
  best["protocol"] = "one-shot";
  const std::string file = Write("best.json", best.dump());
  const auto prune = [&](std::vector<std::string> more, const std::string& output) {
    more.insert(more.begin(),
                {"prune", "--model", small_.path(), "--allocation", file, "-o", Path(output)});
    const Outcome outcome = Run(more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return outcome;
  };
  const json pruned = json::parse(prune({"--format", "json"}, "a.gguf").out);
  EXPECT_EQ(pruned["pruner"], "magnitude");
  EXPECT_EQ(pruned["group"], 4);
  EXPECT_EQ(pruned["protocol"], "one-shot");
  EXPECT_EQ(pruned["target_sparsity"], 0.5);
  const Outcome plan = prune({"--dry-run", "--group", "0"}, "b.gguf");
  EXPECT_THAT(plan.out, AllOf(HasSubstr("magnitude"), HasSubstr("one-shot"),
                              HasSubstr("--group, not 4 of " + file)));
  EXPECT_THAT(plan.error, HasSubstr("--group 0 counts, not the group 4 of '" + file + "'"));

  // An option that cannot change the sparsities is refused.
  EXPECT_THAT(Refusal(small_.path(), {"--allocation", file, "--maximum", "0.6"}),
              HasSubstr("--maximum: '" + file + "' holds the sparsities themselves"));
  EXPECT_THAT(Refusal(small_.path(), {"--allocation", file, "--granularity", "linear"}),
              HasSubstr("--granularity: "));
  best["pruner"] = "best";
  Write("best.json", best.dump());
  EXPECT_THAT(Refusal(small_.path(), {"--allocation", file}), HasSubstr("best.json': \"pruner\""));

  // A pruned model's own recipe is read like any other.
  const Outcome first = Prune(
      directory_.path(), {"--allocation", "uniform", "--sparsity", "0.5", "--group", "4"}, "c");
  ASSERT_EQ(first.exit_code, 0) << first.error;
  const Outcome again = Run({"prune", "--model", directory_.path(), "--allocation",
                             Path("c/strata.json"), "-o", Path("d"), "--format", "json"});
  ASSERT_EQ(again.exit_code, 0) << again.error;
  EXPECT_EQ(json::parse(again.out)["linears"],
            json::parse(ReadFile(Path("c/strata.json")))["linears"]);
}

TEST_F(PruneCommandLineTest, ADryRunWritesNothing) {
  const Outcome outcome = Prune(
      small_.path(), {"--allocation", "uniform", "--sparsity", "0.5", "--dry-run"}, "pruned.gguf");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("0.500000"), HasSubstr("to write: one GGUF file ("),
                                 HasSubstr(" are free)")));
  const Outcome as_json =
      Prune(small_.path(),
            {"--allocation", "uniform", "--sparsity", "0.5", "--dry-run", "--format", "json"},
            "pruned.gguf");
  EXPECT_EQ(as_json.exit_code, 0) << as_json.error;
  const json plan = json::parse(as_json.out);
  EXPECT_EQ(plan["pruner"], "magnitude");
  EXPECT_EQ(plan["allocation"].size(), 3u);
  EXPECT_NEAR(plan["mean_sparsity"].get<double>(), 0.5, 1e-12);
  EXPECT_EQ(plan["dry_run"]["files"].size(), 1u);
  EXPECT_GT(plan["dry_run"]["bytes"].get<int64_t>(), 0);
  EXPECT_GT(plan["dry_run"]["free_bytes"].get<int64_t>(), 0);
  EXPECT_FALSE(plan.contains("zeros")) << "nothing was counted";
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("pruned"));
  }
}

TEST_F(PruneCommandLineTest, BadInputIsRefusedAndNothingIsLeft) {
  const auto with = [](const std::string& file) {
    return std::vector<std::string>{"--allocation", file};
  };
  EXPECT_THAT(Refusal(small_.path(), with(Write("short.json", "[0.5, 0.5]"))),
              AllOf(HasSubstr("short.json': expected an allocation of 3 sparsities, one for each "
                              "unit ('0' ... '2'), found 2")));
  EXPECT_THAT(Refusal(small_.path(), with(Write("one.json", "[0.5, 1, 0.5]"))),
              HasSubstr("the sparsity of unit 1 is 1, expected at least 0 and less than 1"));
  EXPECT_THAT(Refusal(small_.path(), with(Write("minus.json", "[0.5, -0.25, 0.5]"))),
              HasSubstr("the sparsity of unit 1 is -0.25"));
  EXPECT_THAT(Refusal(small_.path(), with(Write("text.json", "[0.5, \"x\", 0.5]"))),
              HasSubstr("expected an array of numbers, found string at position 1"));
  EXPECT_THAT(Refusal(small_.path(), with(Write("broken.json", "[0.5,"))),
              HasSubstr("expected a JSON array of sparsities or a function JSON"));
  EXPECT_THAT(Refusal(small_.path(),
                      with(Write("names.json", R"({"allocation":[{"name":"9","sparsity":0.5}]})"))),
              HasSubstr("its 1 units are neither the 3 blocks"));
  EXPECT_THAT(Refusal(small_.path(), with("uniform")),
              HasSubstr("'uniform' is a function, which needs --sparsity"));
  EXPECT_THAT(Refusal(small_.path(), with("no-such-function")), HasSubstr("no-such-function"));
  std::vector<std::string> both = with(Write("ratios.json", "[0.5, 0.5, 0.5]"));
  both.insert(both.end(), {"--sparsity", "0.5"});
  EXPECT_THAT(Refusal(small_.path(), both), HasSubstr("holds the sparsities themselves"));
  std::vector<std::string> type = {"--allocation", "uniform", "--sparsity", "0.5", "--type", "F64"};
  EXPECT_THAT(Refusal(small_.path(), type),
              HasSubstr("--type: expected keep, F32, F16 or BF16, found 'F64'"));
  const Outcome no_text = Run({"prune", "--model", small_.path(), "--allocation", "uniform",
                               "--sparsity", "0.5", "-o", Path("refused.gguf")});
  EXPECT_EQ(no_text.exit_code, 2);
  EXPECT_THAT(no_text.error, HasSubstr("needs a text"));
  EXPECT_THAT(Refusal(Path("nothing"), with("uniform")), HasSubstr("nothing: cannot open"));

  for (const auto& entry : fs::directory_iterator(directory_.path())) {
    if (entry.path().extension() != ".safetensors") continue;
    fs::remove(entry.path());
    break;
  }
  EXPECT_THAT(Refusal(directory_.path(), {"--allocation", "uniform", "--sparsity", "0.5"}),
              HasSubstr("files are missing: model-000"));
}

TEST_F(PruneCommandLineTest, WhatIsThereIsNeverReplaced) {
  const std::string kept = Write("kept", "text");
  const Outcome outcome = Run({"prune", "--model", small_.path(), "--allocation", "uniform",
                               "--sparsity", "0.5", "--pruner", "magnitude", "-o", kept});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.error, HasSubstr("expected a path that does not exist yet, found a file"));
  EXPECT_EQ(ReadFile(kept), "text");
}

TEST_F(PruneCommandLineTest, AnInterruptLeavesNothing) {
  const pid_t process = Start({"prune", "--model", model_, "--allocation", "uniform", "--sparsity",
                               "0.5", "--text", text_, "-o", Path("pruned.gguf")});
  // The unfinished file is there once pruning has begun.
  const auto begun = [&] {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().string().find(".unfinished-") != std::string::npos) return true;
    }
    return false;
  };
  while (!begun() && waitpid(process, nullptr, WNOHANG) == 0) std::this_thread::yield();
  ASSERT_TRUE(begun());
  kill(process, SIGINT);
  const Outcome outcome = Wait(process);
  EXPECT_EQ(outcome.exit_code, 130) << outcome.error;
  EXPECT_THAT(outcome.error, HasSubstr("stopped before block"));
  EXPECT_FALSE(begun());
  EXPECT_FALSE(fs::exists(Path("pruned.gguf")));
}

}  // namespace
}  // namespace strata::cli

#include "cli/report/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "cli/report/function_json.h"
#include "cli/shared/output.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

class RecipeTest : public ::testing::Test {
 protected:
  // A run whose settings all differ from the defaults of `strata prune` and `strata eval`.
  std::string Run() {
    const auto store = *search::RunStore::Create(folder_ + "/run");
    RunConfig config;
    config.pruner = evaluator::Pruner::kSparseGpt;
    config.group = 4;
    config.target_sparsity = 0.5;
    config.minimum_sparsity = 0.25;
    config.maximum_sparsity = 0.75;
    config.calibration_sequences = 3;
    config.calibration_sequence_tokens = 77;
    config.report_arithmetic = evaluator::Arithmetic::kBFloat16;
    config.text = "corpus.txt";
    const std::string model =
        R"({"name": "small", "digest": ")" + std::string(64, 'a') +
        R"(", "family": "llama", "blocks": 1, "units": [)"
        R"({"name": "0", "parameters": 100, "block": 0, "kind": "block", "fan": 20}]})";
    EXPECT_TRUE(store->PutProperty("model", model).ok());
    EXPECT_TRUE(store->PutProperty("text_digest", "b").ok());
    EXPECT_TRUE(store->PutProperty(search::kConfigProperty, RunConfigToYaml(config)).ok());
    return folder_ + "/run";
  }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  Recipe Read(const std::string& path) {
    const auto recipe = ReadRecipe(path);
    EXPECT_TRUE(recipe.ok()) << recipe.status();
    return recipe.value_or(Recipe());
  }

  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(RecipeTest, AnExportLosesNothingOfTheRun) {
  search::StoredCandidate candidate;
  candidate.text = "uniform()";
  candidate.complexity = 1;
  candidate.lineage.origin = "baseline";
  candidate.allocation = {0.5};
  candidate.fitness_nll = 3.0;
  const std::string run = Run();
  const auto json = FunctionJson(candidate, run);
  ASSERT_TRUE(json.ok()) << json.status();
  const Recipe read = Read(Write("best.json", JsonText(*json)));
  const auto of_run = ReadRunRecipe(run);
  ASSERT_TRUE(of_run.ok()) << of_run.status();
  for (const Recipe& recipe : {read, *of_run}) {
    EXPECT_EQ(recipe.pruner, "sparsegpt");
    EXPECT_EQ(recipe.group, 4);
    EXPECT_EQ(recipe.protocol, "sequential");
    EXPECT_EQ(recipe.granularity, "block");
    EXPECT_EQ(recipe.arithmetic, "bf16");
    EXPECT_EQ(recipe.target_sparsity, 0.5);
    EXPECT_EQ(recipe.minimum_sparsity, 0.25);
    EXPECT_EQ(recipe.maximum_sparsity, 0.75);
    EXPECT_EQ(recipe.calibration_sequences, 3);
    EXPECT_EQ(recipe.calibration_sequence_tokens, 77);
    EXPECT_EQ(recipe.text, "corpus.txt");
    EXPECT_EQ(recipe.text_digest, "b");
    EXPECT_EQ(recipe.model_name, "small");
    EXPECT_EQ(recipe.model_digest, std::string(64, 'a'));
  }
  EXPECT_EQ(read.source, folder_ + "/best.json");
}

TEST_F(RecipeTest, FilesWithoutThePropertiesAreRead) {
  const Recipe older = Read(
      Write("old.json",
            R"({"pruner": "ria", "group": 0, "measured": {"selection_protocol": "sequential"}})"));
  EXPECT_EQ(older.pruner, "ria");
  EXPECT_EQ(older.protocol, "sequential");
  EXPECT_FALSE(older.calibration_sequences.has_value());
  const Recipe pruned =
      Read(Write("strata.json", R"({"group": 8, "source": {"name": "small", "digest": "c"}})"));
  EXPECT_EQ(pruned.group, 8);
  EXPECT_EQ(pruned.model_digest, "c");
  EXPECT_EQ(Read(Write("ratios.json", "[0.5, 0.5]")).source, "");
  EXPECT_EQ(Read(folder_ + "/nothing.json").source, "");
  EXPECT_EQ(Read("owl M=5").source, "");
}

TEST_F(RecipeTest, AWrongPropertyIsRefusedWithFileAndKey) {
  const auto refusal = [&](const std::string& text) {
    const auto recipe = ReadRecipe(Write("wrong.json", text));
    EXPECT_EQ(recipe.status().code(), absl::StatusCode::kInvalidArgument) << text;
    return std::string(recipe.status().message());
  };
  EXPECT_THAT(refusal(R"({"pruner": "best"})"),
              AllOf(HasSubstr("wrong.json': \"pruner\": "), HasSubstr("best")));
  EXPECT_THAT(refusal(R"({"pruner": null})"), HasSubstr("expected a text, found null"));
  EXPECT_THAT(refusal(R"({"group": 4294967300})"),
              HasSubstr("\"group\": expected a whole number from 0 to 128, found 4294967300"));
  EXPECT_THAT(refusal(R"({"group": -4})"), HasSubstr("found -4"));
  EXPECT_THAT(refusal(R"({"target_sparsity": 1})"), HasSubstr("\"target_sparsity\": expected"));
  EXPECT_THAT(refusal(R"({"calibration": []})"), HasSubstr("expected an object, found []"));
}

TEST_F(RecipeTest, TheFileDecidesUnlessAnOptionIsGiven) {
  Recipe stored;
  stored.source = "best.json";
  stored.pruner = "sparsegpt";
  stored.group = 4;
  stored.model_name = "one";
  stored.model_digest = "a";
  const std::set<std::string> given = {"--group", "--protocol"};
  RecipeMerge merge(stored, [&](const std::string& option) { return given.contains(option); });
  std::string pruner = "wanda", protocol = "one-shot";
  int group = 0;
  int64_t sequences = 8;
  merge.Take("pruner", "--pruner", stored.pruner, &pruner);
  merge.Take("group", "--group", stored.group, &group);
  merge.Take("protocol", "--protocol", stored.protocol, &protocol);
  merge.Take("calibration sequences", "--calibration-sequences", stored.calibration_sequences,
             &sequences);
  evaluator::ModelSummary model;
  model.name = "two";
  model.digest = "b";
  merge.TakeModel(model);
  EXPECT_EQ(pruner, "sparsegpt");
  EXPECT_EQ(group, 0);
  EXPECT_EQ(protocol, "one-shot");
  EXPECT_EQ(sequences, 8);
  const Json json = merge.ToJson();
  EXPECT_EQ(json["pruner"], (Json{{"value", "sparsegpt"}, {"from", "best.json"}}));
  EXPECT_EQ(json["group"], (Json{{"value", "0"}, {"from", "--group"}, {"instead_of", "4"}}));
  EXPECT_EQ(json["protocol"], (Json{{"value", "one-shot"}, {"from", "--protocol"}}));
  EXPECT_EQ(json["calibration sequences"], (Json{{"value", "8"}, {"from", "default"}}));
  EXPECT_EQ(json["model"]["instead_of"], "one, digest a");
  EXPECT_THAT(merge.ToTable(), AllOf(HasSubstr("--group, not 4 of best.json"),
                                     HasSubstr("two, digest b"), Not(HasSubstr("wanda"))));
  ::testing::internal::CaptureStderr();
  merge.SayContradictions();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "--group 0 counts, not the group 4 of 'best.json'\n"
            "'best.json' is for another model: one, digest a, not two, digest b\n");
}

TEST_F(RecipeTest, AnotherModelIsNamedBesideTheRecipesOwn) {
  Recipe recipe;
  recipe.source = "best.json";
  EXPECT_EQ(OtherModelRemark(recipe, "two", "b"), "") << "the file names no model";
  recipe.model_name = "one";
  recipe.model_digest = "a";
  EXPECT_EQ(OtherModelRemark(recipe, "another name", "a"), "");
  EXPECT_EQ(OtherModelRemark(recipe, "two", "b"),
            "'best.json' is for another model: one, digest a, not two, digest b");
}

TEST_F(RecipeTest, AStoredTextCountsOnlyWhereItIs) {
  Recipe stored;
  stored.source = "best.json";
  stored.text = Write("corpus.txt", "text");
  const auto nothing_given = [](const std::string&) { return false; };
  std::string path;
  RecipeMerge here(stored, nothing_given);
  here.TakeText("--text", &path);
  EXPECT_EQ(path, stored.text);
  stored.text += ".gone";
  path.clear();
  RecipeMerge gone(stored, nothing_given);
  gone.TakeText("--text", &path);
  EXPECT_EQ(path, "");
  ::testing::internal::CaptureStderr();
  gone.SayContradictions();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("corpus.txt.gone', which is not here"), HasSubstr("--text")));
}

}  // namespace
}  // namespace strata::cli

#include "cli/report/handover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <sstream>

namespace strata::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

Json Unit(int block, const std::string& kind, double sparsity, const std::string& role = "") {
  Json unit = {{"name", "u"}, {"parameters", 64}, {"block", block}, {"kind", kind}};
  if (!role.empty()) unit["role"] = role;
  unit["sparsity"] = sparsity;
  return unit;
}

Json Exported(const std::string& family, std::vector<Json> units) {
  return {{"target_sparsity", 0.5},
          {"pruner", "wanda"},
          {"group", 0},
          {"model", {{"family", family}, {"digest", "d"}}},
          {"allocation", units}};
}

Json Blocks(const std::string& family = "llama") {
  return Exported(family, {Unit(0, "block", 0.7), Unit(1, "block", 0.3)});
}

std::vector<double> Densities(const std::string& file) {
  std::vector<double> values((file.size() - 128) / sizeof(double));
  std::memcpy(values.data(), file.data() + 128, values.size() * sizeof(double));
  return values;
}

// A model of one block whose linears have different sizes.
evaluator::ModelSummary SmallModel() {
  evaluator::ModelSummary model;
  model.name = "small";
  model.digest = "d";
  model.family = "llama";
  model.blocks = 1;
  const std::vector<std::tuple<const char*, int64_t, int64_t>> shapes = {
      {"self_attn.q_proj", 64, 64}, {"self_attn.k_proj", 32, 64}, {"self_attn.v_proj", 32, 64},
      {"self_attn.o_proj", 64, 64}, {"mlp.gate_proj", 172, 64},   {"mlp.up_proj", 172, 64},
      {"mlp.down_proj", 64, 172}};
  for (const auto& [name, rows, columns] : shapes) {
    model.linears.push_back({.name = name, .block = 0, .rows = rows, .columns = columns});
  }
  return model;
}

TEST(HandoverTest, ModulesHaveTheNamesAndTheOrderOfTransformers) {
  const auto modules = ModuleSparsitiesOf(Exported(
      "llama", {Unit(1, "attention", 0.2), Unit(1, "feed-forward", 0.4), Unit(0, "block", 0.6)}));
  ASSERT_TRUE(modules.ok()) << modules.status();
  ASSERT_EQ(modules->size(), 14u);
  EXPECT_EQ((*modules)[0], std::make_pair(std::string("model.layers.0.self_attn.q_proj"), 0.6));
  EXPECT_EQ((*modules)[10], std::make_pair(std::string("model.layers.1.self_attn.o_proj"), 0.2));
  EXPECT_EQ((*modules)[11], std::make_pair(std::string("model.layers.1.mlp.gate_proj"), 0.4));
  EXPECT_EQ((*modules)[13].first, "model.layers.1.mlp.down_proj");
}

TEST(HandoverTest, OptMakesItsQueryAfterTheValue) {
  const auto modules = ModuleSparsitiesOf(Blocks("opt"));
  ASSERT_TRUE(modules.ok()) << modules.status();
  std::vector<std::string> names;
  for (size_t i = 0; i < 6; ++i) names.push_back((*modules)[i].first.substr(23));
  EXPECT_THAT(names, ElementsAre("self_attn.k_proj", "self_attn.v_proj", "self_attn.q_proj",
                                 "self_attn.out_proj", "fc1", "fc2"));
  EXPECT_THAT((*modules)[0].first, HasSubstr("model.decoder.layers.0."));
}

TEST(HandoverTest, DamagedOrUnknownModelsAreRefused) {
  EXPECT_THAT(std::string(ModuleSparsitiesOf(Blocks("bert")).status().message()),
              HasSubstr("expected a family of docs/models.md, found 'bert'"));
  EXPECT_THAT(
      std::string(ModuleSparsitiesOf(Exported("llama", {Json{{"block", 0}}})).status().message()),
      HasSubstr("expected units with block, kind and sparsity"));
  EXPECT_EQ(ModuleSparsitiesOf(Exported("llama", {})).status().code(), absl::StatusCode::kDataLoss);
}

TEST(HandoverTest, RecipeNamesEveryTargetWithItsSparsity) {
  const auto recipe = LlmCompressorRecipe(Blocks());
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_THAT(*recipe, HasSubstr("strata_stage:\n  strata_modifiers:\n    WandaPruningModifier:\n"
                                 "      mask_structure: \"0:0\"\n"
                                 "      targets: [\"model.layers.0.self_attn.q_proj\","));
  EXPECT_THAT(*recipe, HasSubstr("sparsity: [0.7,0.7,0.7,0.7,0.7,0.7,0.7,0.3,"));
  Json other = Blocks();
  other["pruner"] = "sparsegpt";
  EXPECT_THAT(*LlmCompressorRecipe(other), HasSubstr("SparseGPTModifier:"));
  other["pruner"] = "ria";
  EXPECT_THAT(std::string(LlmCompressorRecipe(other).status().message()), HasSubstr("found 'ria'"));
}

TEST(HandoverTest, RecipeHasOneModifierForEveryPattern) {
  Json exported = Exported(
      "llama", {Unit(0, "block", 0.5), Unit(1, "attention", 0.25), Unit(1, "feed-forward", 0)});
  exported["group"] = 4;
  const auto recipe = LlmCompressorRecipe(exported);
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_THAT(*recipe, HasSubstr("strata_1_of_4_modifiers:\n    WandaPruningModifier:\n"
                                 "      mask_structure: \"1:4\"\n"
                                 "      targets: [\"model.layers.1.self_attn.q_proj\","));
  EXPECT_THAT(*recipe, HasSubstr("mask_structure: \"2:4\"\n"
                                 "      targets: [\"model.layers.0.self_attn.q_proj\","));
  EXPECT_THAT(*recipe, Not(HasSubstr("layers.1.mlp")));
  exported["allocation"] = {Unit(0, "block", 0)};
  EXPECT_FALSE(LlmCompressorRecipe(exported).ok());
}

TEST(HandoverTest, DensitiesAreANumpyFileThatGivesTheSparsitiesBack) {
  const auto file = OwlDensities(Blocks());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->substr(0, 8), std::string("\x93NUMPY\x01\0", 8));
  EXPECT_EQ(static_cast<unsigned char>((*file)[8]), 118);  // 128 bytes before the numbers
  EXPECT_THAT(*file, HasSubstr("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"));
  EXPECT_EQ((*file)[127], '\n');
  EXPECT_THAT(Densities(*file), ElementsAre(::testing::DoubleEq(0.3), ::testing::DoubleEq(0.7)));
  for (int i = 1; i < 1000; ++i) {
    const double sparsity = i / 1000.0;
    const auto one = OwlDensities(Exported("llama", {Unit(0, "block", sparsity)}));
    ASSERT_TRUE(one.ok());
    const double back = 1 - Densities(*one)[0];
    EXPECT_GE(back, sparsity);
    EXPECT_LT(back, sparsity + 1e-15);
  }
}

TEST(HandoverTest, LinearsThatDifferHaveADensityEach) {
  const auto file =
      OwlDensities(Exported("llama", {Unit(0, "attention", 0.75), Unit(0, "feed-forward", 0.5)}));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(Densities(*file), ElementsAre(0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5));
  const auto refused = OwlDensities(Exported("llama", {Unit(0, "block", 0)}));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("prune 0.01 in place of 0"));
}

TEST(HandoverTest, TorchFormsNameTensorsAndModules) {
  const Json configuration = Json::parse(*TorchAoConfiguration(Blocks()));
  ASSERT_EQ(configuration.size(), 14u);
  EXPECT_EQ(configuration[7]["tensor_fqn"], "model.layers.1.self_attn.q_proj.weight");
  EXPECT_EQ(configuration[7]["sparsity_level"], 0.3);
  const Json amounts = Json::parse(*TorchAmounts(Blocks()));
  EXPECT_EQ(amounts.size(), 14u);
  EXPECT_EQ(amounts["model.layers.1.mlp.down_proj"], 0.3);
}

TEST(HandoverTest, EvoPressLevelsKeepTheMeanAndMoveEachLinearByLessThanALevel) {
  const evaluator::ModelSummary model = SmallModel();
  const std::vector<std::string> roles = {"query", "key", "value", "output", "gate", "up", "down"};
  std::vector<Json> units;
  double removed = 0, weights = 0;
  for (size_t i = 0; i < roles.size(); ++i) {
    const double sparsity = 0.31 + 0.053 * static_cast<double>(i);
    units.push_back(Unit(0, i < 4 ? "attention" : "feed-forward", sparsity, roles[i]));
    const auto size = static_cast<double>(model.linears[i].rows * model.linears[i].columns);
    removed += sparsity * size;
    weights += size;
  }
  const auto levels = EvoPressLevelsOf(Exported("llama", units), model, std::nullopt);
  ASSERT_TRUE(levels.ok()) << levels.status();
  EXPECT_EQ(levels->weights_diff, 128);  // 0.5 * 0.5 / 8 * 64^2
  std::istringstream lines(levels->text);
  double removed_by_levels = 0, largest = 0;
  int64_t most = 0;
  std::string module;
  int64_t level = 0;
  size_t i = 0;
  while (lines >> module >> level) {
    ASSERT_LT(i, roles.size());
    EXPECT_EQ(module, "model.layers.0." + model.linears[i].name + ":");
    const auto size = static_cast<double>(model.linears[i].rows * model.linears[i].columns);
    const double sparsity = 0.5 + static_cast<double>(level) * 128 / size;
    const double change = std::abs(sparsity - (0.31 + 0.053 * static_cast<double>(i)));
    EXPECT_LT(change, 128 / size);
    largest = std::max(largest, change);
    most = std::max(most, std::abs(level));
    removed_by_levels += sparsity * size;
    ++i;
  }
  EXPECT_EQ(i, roles.size());
  EXPECT_LE(std::abs(removed_by_levels - removed), 64.0 + 1e-6);  // half a level
  EXPECT_NEAR(levels->largest_change, largest, 1e-12);
  EXPECT_EQ(levels->num_levels, most);
  const auto finer = EvoPressLevelsOf(Exported("llama", units), model, 1);
  ASSERT_TRUE(finer.ok());
  EXPECT_LT(finer->largest_change, 1e-3);
}

TEST(HandoverTest, EvoPressNeedsTheModelOfTheAllocation) {
  evaluator::ModelSummary model = SmallModel();
  const Json exported = Exported("llama", {Unit(0, "block", 0.5)});
  EXPECT_TRUE(EvoPressLevelsOf(exported, model, std::nullopt).ok());
  EXPECT_THAT(std::string(EvoPressLevelsOf(exported, model, 0).status().message()),
              HasSubstr("at least 1 weight between two levels"));
  model.digest = "e";
  EXPECT_THAT(std::string(EvoPressLevelsOf(exported, model, std::nullopt).status().message()),
              HasSubstr("the digest d, found small with e"));
}

}  // namespace
}  // namespace strata::cli

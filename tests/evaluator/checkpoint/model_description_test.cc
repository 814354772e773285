#include "evaluator/checkpoint/model_description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/evaluator/support/gguf_writer.h"
#include "tests/evaluator/support/hugging_face_folder.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> UnknownKeys(const SmallModel& model) {
  return DescribeModel(TemporaryFile(model.Gguf()).path()).value().unknown_keys;
}

std::vector<std::string> UnknownKeys(const HuggingFaceFiles& files) {
  const TemporaryFolder folder;
  files.Write(folder);
  const auto description = DescribeModel(folder.path());
  EXPECT_TRUE(description.ok()) << description.status();
  return description->unknown_keys;
}

TEST(ModelDescription, SizesAndTypes) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.Convert(NumberFormat::kBFloat16);
  const TemporaryFolder folder;
  files.Write(folder);
  const ModelDescription description = DescribeModel(folder.path()).value();
  EXPECT_STREQ(description.config.family->name, "llama");
  EXPECT_EQ(description.config.blocks, kWaveBlocks);
  // Query and output 16 x 16, key and value 8 x 16, three feed-forward matrices of 24 x 16.
  const int64_t linears = kWaveBlocks * (2 * 16 * 16 + 2 * 8 * 16 + 3 * 24 * 16);
  EXPECT_EQ(description.prunable_weights, linears);
  EXPECT_EQ(description.parameters, linears + 2 * 258 * 16 + (2 * kWaveBlocks + 1) * 16);
  EXPECT_THAT(description.type_tensors,
              ElementsAre(std::pair<const std::string, int64_t>("BF16", 3 + 9 * kWaveBlocks)));
  EXPECT_EQ(description.keys_file, folder.path() + "/config.json");
}

TEST(ModelDescription, KeysOfConfigJsonThatNothingKnowsAreListed) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  EXPECT_THAT(UnknownKeys(files), IsEmpty());
  files.config["use_cache"] = true;
  files.config["torch_dtype"] = "float32";
  files.config["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 2.0}};
  EXPECT_THAT(UnknownKeys(files), IsEmpty());
  files.config["rope_scaling"]["stretch"] = 2;
  files.config["residual_multiplier"] = 0.5;  // of another family
  files.config["auto_map"] = {{"AutoModelForCausalLM", "code.Model"}};
  EXPECT_THAT(UnknownKeys(files),
              ElementsAre("auto_map", "residual_multiplier", "rope_scaling.stretch"));
}

TEST(ModelDescription, KeysOfGgufThatNothingKnowsAreListed) {
  SmallModel model;
  EXPECT_THAT(UnknownKeys(model), IsEmpty());
  model.texts["general.license"] = "mit";
  model.header["llama.context_length"] = 64;
  model.header["llama.attention.value_length"] = 4;
  model.reals["llama.logit_scale"] = 1;  // checked, and changes nothing
  EXPECT_THAT(UnknownKeys(model), IsEmpty());
  model.reals["llama.attention.sharpness"] = 2;
  model.header["mamba.context_length"] = 64;
  model.header["tokenizer.ggml.remove_extra_whitespaces"] = 1;
  model.header["plain"] = 1;
  EXPECT_THAT(UnknownKeys(model), ElementsAre("llama.attention.sharpness", "mamba.context_length",
                                              "plain", "tokenizer.ggml.remove_extra_whitespaces"));
}

TEST(ModelDescription, TheDefaultModelHasNoUnknownKey) {
  const auto description = DescribeModel(DefaultModelPath());
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_THAT(description->unknown_keys, IsEmpty());
  EXPECT_GT(description->type_tensors.at("quantised"), 0);
}

TEST(ModelDescription, ErrorsAreThoseOfOpening) {
  EXPECT_TRUE(absl::IsNotFound(DescribeModel("/no/such/model").status()));
  SmallModel model;
  model.reals["llama.logit_scale"] = 2;
  EXPECT_TRUE(absl::IsUnimplemented(DescribeModel(TemporaryFile(model.Gguf()).path()).status()));
}

}  // namespace
}  // namespace strata::evaluator

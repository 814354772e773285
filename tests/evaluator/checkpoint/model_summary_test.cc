#include "evaluator/checkpoint/model_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "evaluator/files/digest.h"
#include "tests/evaluator/support/gguf_writer.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<ModelSummary> Summarize(const SmallModel& model) {
  return SummarizeModel(TemporaryFile(model.Gguf()).path());
}

std::string ErrorOf(const SmallModel& model) {
  const auto summary = Summarize(model);
  return summary.ok() ? "no error" : std::string(summary.status().message());
}

SmallModel Named(const std::string& name) {
  SmallModel model;
  model.texts["general.name"] = name;
  return model;
}

TEST(ModelSummary, LinearsInOrderWithRowsAsOutputs) {
  const TemporaryFile file(WaveModelGguf());
  const ModelSummary summary = SummarizeModel(file.path()).value();
  EXPECT_EQ(summary.family, "llama");
  EXPECT_EQ(summary.blocks, kWaveBlocks);
  EXPECT_EQ(summary.name, std::filesystem::path(file.path()).stem());
  EXPECT_EQ(summary.digest, Sha256OfFile(file.path()).value());
  std::vector<std::string> names;
  for (const LinearShape& linear : summary.linears) {
    names.push_back(std::to_string(linear.block) + " " + linear.name + " " +
                    std::to_string(linear.rows) + "x" + std::to_string(linear.columns) + " " +
                    std::string(expr::UnitKindName(linear.kind)));
  }
  ASSERT_EQ(names.size(), 7u * kWaveBlocks);
  names.resize(8);
  EXPECT_THAT(
      names,
      ElementsAre("0 self_attn.q_proj 16x16 attention", "0 self_attn.k_proj 8x16 attention",
                  "0 self_attn.v_proj 8x16 attention", "0 self_attn.o_proj 16x16 attention",
                  "0 mlp.gate_proj 24x16 feed-forward", "0 mlp.up_proj 24x16 feed-forward",
                  "0 mlp.down_proj 16x24 feed-forward", "1 self_attn.q_proj 16x16 attention"));
}

TEST(ModelSummary, NameIsThatOfTheFileUnlessTheMetadataHasOne) {
  EXPECT_EQ(Summarize(Named("Small")).value().name, "Small");
  SmallModel number;
  number.header["general.name"] = 5;
  EXPECT_THAT(ErrorOf(number), HasSubstr("general.name"));
}

TEST(ModelSummary, ANameThatIsNoTextIsRefused) {
  const auto summary = Summarize(Named("Sm\xff\x01ll"));
  EXPECT_TRUE(absl::IsInvalidArgument(summary.status()));
  EXPECT_THAT(std::string(summary.status().message()),
              HasSubstr("general.name: expected UTF-8, found the byte 0xff at position 2"));
  EXPECT_EQ(Summarize(Named("Sm\xc3\xa4ll")).value().name, "Sm\xc3\xa4ll");
}

TEST(ModelSummary, ErrorsNameWhatIsMissing) {
  SmallModel model;
  model.without = "blk.0.ffn_up.weight";
  EXPECT_THAT(ErrorOf(model), HasSubstr("blk.0.ffn_up.weight"));
  model = SmallModel();
  model.texts["general.architecture"] = "mamba";
  EXPECT_THAT(ErrorOf(model),
              HasSubstr("the architecture is 'mamba'; supported: gemma3, llama, qwen2, qwen3"));
  EXPECT_TRUE(absl::IsUnimplemented(Summarize(model).status()));
  model.texts.clear();
  EXPECT_THAT(ErrorOf(model), HasSubstr("general.architecture"));
  model = SmallModel();
  model.header.erase("llama.block_count");
  EXPECT_THAT(ErrorOf(model), HasSubstr("llama.block_count"));
  model.header["llama.block_count"] = 0;
  EXPECT_THAT(ErrorOf(model), HasSubstr("llama.block_count is 0"));
  EXPECT_TRUE(absl::IsNotFound(SummarizeModel("/no/such/model.gguf").status()));
}

TEST(ModelSummary, DefaultModel) {
  const ModelSummary summary = SummarizeModel(DefaultModelPath()).value();
  EXPECT_EQ(summary.name, "Smollm2 135M 8k Lc100K Mix1 Ep2");
  EXPECT_EQ(summary.blocks, 30);
  ASSERT_EQ(summary.linears.size(), 210u);
  EXPECT_EQ(summary.linears[1].rows, 192);
  EXPECT_EQ(summary.linears[6].columns, 1536);
  EXPECT_THAT(expr::ParametersOf(LayoutOf(summary, Granularity::kBlock)),
              ::testing::Each(2 * 576 * 576 + 2 * 192 * 576 + 3 * 576 * 1536));
}

}  // namespace
}  // namespace strata::evaluator

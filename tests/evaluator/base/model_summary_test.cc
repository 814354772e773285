#include "evaluator/model_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "evaluator/digest.h"
#include "tests/evaluator/base/gguf_writer.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kGgufLinears[] = {"ffn_down", "ffn_gate",    "ffn_up", "attn_k",
                                        "attn_q",   "attn_output", "attn_v"};

// A model of width 8 with 4 key-value columns and 12 feed-forward columns.
GgufWriter SmallModel(int blocks, const std::string& without = "") {
  GgufWriter writer;
  writer.Text("general.architecture", "llama").Uint32("llama.block_count", blocks);
  for (int block = 0; block < blocks; ++block) {
    for (const std::string linear : kGgufLinears) {
      const std::string name = "blk." + std::to_string(block) + "." + linear + ".weight";
      if (name == without) continue;
      const uint64_t inputs = linear == "ffn_down" ? 12 : 8;
      const uint64_t outputs = linear == "ffn_gate" || linear == "ffn_up" ? 12
                               : linear == "attn_k" || linear == "attn_v" ? 4
                                                                          : 8;
      writer.Tensor(name, {inputs, outputs}, 0, std::string(inputs * outputs * 4, 'x'));
    }
  }
  return writer;
}

absl::StatusOr<ModelSummary> Summarize(const GgufWriter& writer) {
  return SummarizeModel(TemporaryFile(writer.Finish()).path());
}

std::string ErrorOf(const GgufWriter& writer) {
  const auto summary = Summarize(writer);
  return summary.ok() ? "no error" : std::string(summary.status().message());
}

TEST(ModelSummary, LinearsInOrderWithRowsAsOutputs) {
  const TemporaryFile file(SmallModel(2).Finish());
  const ModelSummary summary = SummarizeModel(file.path()).value();
  EXPECT_EQ(summary.family, "llama");
  EXPECT_EQ(summary.blocks, 2);
  EXPECT_EQ(summary.name, std::filesystem::path(file.path()).stem());
  EXPECT_EQ(summary.digest, Sha256OfFile(file.path()).value());
  std::vector<std::string> names;
  for (const LinearShape& linear : summary.linears) {
    names.push_back(std::to_string(linear.block) + " " + linear.name + " " +
                    std::to_string(linear.rows) + "x" + std::to_string(linear.columns));
  }
  EXPECT_THAT(
      names,
      ElementsAre("0 self_attn.q_proj 8x8", "0 self_attn.k_proj 4x8", "0 self_attn.v_proj 4x8",
                  "0 self_attn.o_proj 8x8", "0 mlp.gate_proj 12x8", "0 mlp.up_proj 12x8",
                  "0 mlp.down_proj 8x12", "1 self_attn.q_proj 8x8", "1 self_attn.k_proj 4x8",
                  "1 self_attn.v_proj 4x8", "1 self_attn.o_proj 8x8", "1 mlp.gate_proj 12x8",
                  "1 mlp.up_proj 12x8", "1 mlp.down_proj 8x12"));
}

TEST(ModelSummary, NameIsThatOfTheFileUnlessTheMetadataHasOne) {
  EXPECT_EQ(Summarize(SmallModel(1).Text("general.name", "Small")).value().name, "Small");
  EXPECT_THAT(ErrorOf(SmallModel(1).Uint32("general.name", 5)), HasSubstr("general.name"));
}

TEST(ModelSummary, ANameThatIsNoTextIsRefused) {
  const auto summary = Summarize(SmallModel(1).Text("general.name", "Sm\xff\x01ll"));
  EXPECT_TRUE(absl::IsInvalidArgument(summary.status()));
  EXPECT_THAT(std::string(summary.status().message()),
              HasSubstr("general.name: expected UTF-8, found the byte 0xff at position 2"));
  EXPECT_EQ(Summarize(SmallModel(1).Text("general.name", "Sm\xc3\xa4ll")).value().name,
            "Sm\xc3\xa4ll");
}

TEST(ModelSummary, ErrorsNameWhatIsMissing) {
  EXPECT_THAT(ErrorOf(SmallModel(2, "blk.1.ffn_up.weight")), HasSubstr("blk.1.ffn_up.weight"));
  EXPECT_THAT(ErrorOf(GgufWriter().Text("general.architecture", "mamba")),
              HasSubstr("architecture \"mamba\" is not supported; supported is llama"));
  EXPECT_TRUE(absl::IsUnimplemented(
      Summarize(GgufWriter().Text("general.architecture", "mamba")).status()));
  EXPECT_THAT(ErrorOf(GgufWriter()), HasSubstr("general.architecture"));
  EXPECT_THAT(ErrorOf(GgufWriter().Text("general.architecture", "llama")),
              HasSubstr("llama.block_count"));
  EXPECT_THAT(
      ErrorOf(GgufWriter().Text("general.architecture", "llama").Uint32("llama.block_count", 9)),
      HasSubstr("llama.block_count: expected 1 to the number of tensors (0), found 9"));
  EXPECT_THAT(ErrorOf(SmallModel(0)), HasSubstr("found 0"));
  GgufWriter flat = SmallModel(1, "blk.0.attn_q.weight");
  flat.Tensor("blk.0.attn_q.weight", {4}, 0, std::string(16, 'x'));
  EXPECT_THAT(ErrorOf(flat), HasSubstr("expected 2 dimensions, found [4]"));
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

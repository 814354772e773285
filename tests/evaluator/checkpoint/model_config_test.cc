#include "evaluator/checkpoint/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "evaluator/model/transformer_model.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

absl::Status Load(const SmallModel& model) {
  const TemporaryFile file(model.Gguf());
  auto opened = OpenCheckpoint(file.path());
  if (!opened.ok()) return opened.status();
  return TransformerModel::Load(*std::move(opened)).status();
}

TEST(ModelConfigTest, AcceptsAConsistentModel) {
  const absl::Status status = Load(SmallModel());
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ModelConfigTest, NumbersThatTheTensorsDoNotShareAreRefusedBeforeAnythingIsAllocated) {
  const struct {
    const char* key;
    uint32_t value;
    const char* expected;
  } cases[] = {
      {"llama.feed_forward_length", 0xffffffff,
       "llama.feed_forward_length is 4294967295, expected 1 to 2147483647"},
      {"llama.feed_forward_length", 0x7fffffff,
       "blk.0.ffn_gate.weight has shape [12, 8], expected [2147483647, 8]"},
      {"llama.feed_forward_length", 0, "llama.feed_forward_length is 0"},
      {"llama.block_count", 2000000000,
       "llama.block_count is 2000000000, and the file holds 12 tensors"},
      {"llama.embedding_length", 9,
       "token_embd.weight has shape [258, 8], expected [any number, 9]"},
      {"llama.attention.head_count", 16, "of dimension 0: expected"},
      {"llama.attention.head_count_kv", 2, "blk.0.attn_k.weight has shape [4, 8], expected [8, 8]"},
      {"llama.attention.key_length", 0x7ffffffe, "rotary embeddings cover 4 of 2147483646"},
  };
  for (const auto& c : cases) {
    SmallModel model;
    model.header[c.key] = c.value;
    const absl::Status status = Load(model);
    EXPECT_FALSE(status.ok()) << c.key << " " << c.value;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.expected));
  }
  SmallModel wide;
  wide.header["llama.attention.key_length"] = 0x7ffffffe;
  wide.header["llama.rope.dimension_count"] = 0x7ffffffe;
  EXPECT_THAT(std::string(Load(wide).message()),
              HasSubstr("blk.0.attn_q.weight has shape [8, 8], expected [4294967292, 8]"));
}

// llama.cpp requires the epsilon, and so does this reader: a default would be a guess.
TEST(ModelConfigTest, AMissingEpsilonIsNamed) {
  SmallModel model;
  model.reals.clear();
  const absl::Status status = Load(model);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("llama.attention.layer_norm_rms_epsilon"));
}

TEST(ModelConfigTest, TheOlderNameOfLinearScalingCounts) {
  const auto factor = [](const SmallModel& model) -> absl::StatusOr<double> {
    const TemporaryFile file(model.Gguf());
    const auto opened = OpenCheckpoint(file.path());
    if (!opened.ok()) return opened.status();
    return (*opened)->config().rotary.factor;
  };
  SmallModel model;
  model.reals["llama.rope.scale_linear"] = 4;
  EXPECT_EQ(factor(model).value(), 4);
  model.reals["llama.rope.scaling.factor"] = 4;
  EXPECT_EQ(factor(model).value(), 4);
  // As in llama.cpp, the rule "none" makes both keys void.
  model.texts["llama.rope.scaling.type"] = "none";
  EXPECT_EQ(factor(model).value(), 1);
  model.texts["llama.rope.scaling.type"] = "linear";
  model.reals["llama.rope.scaling.factor"] = 2;
  EXPECT_THAT(std::string(factor(model).status().message()),
              HasSubstr("llama.rope.scale_linear is 4, expected 2 as llama.rope.scaling.factor"));
}

TEST(ModelConfigTest, KeysThatChangeTheForwardPassAreRefusedByName) {
  const struct {
    const char* key;
    float value;
    float harmless;
  } cases[] = {
      {"llama.use_parallel_residual", 1, 0},
      {"mistral.attention.causal", 0, 1},  // whatever architecture stands before it
      {"llama.attention.clamp_kqv", 8, 0},
      {"llama.attention.max_alibi_bias", 8, 0},
      {"llama.attention.sliding_window", 4096, 0},
      {"llama.attention.scale", 0.25f, 0.5f},
      {"llama.attention.value_length", 8, 4},
      {"llama.attn_logit_softcapping", 50, 0},
      {"llama.final_logit_softcapping", 30, 0},
      {"llama.logit_scale", 0.0625f, 1},
      {"llama.residual_scale", 0.22f, 1},
      {"llama.embedding_scale", 12, 1},
      {"llama.rope.scaling.attn_factor", 1.2f, 1},
      {"llama.rope.scaling.yarn_ext_factor", 1, 0},
  };
  for (const auto& c : cases) {
    SmallModel model;
    model.reals[c.key] = c.value;
    const absl::Status status = Load(model);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << c.key;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(c.key) + " is "));
    model.reals[c.key] = c.harmless;
    const absl::Status harmless = Load(model);
    EXPECT_TRUE(harmless.ok()) << harmless;
  }
  SmallModel text;
  text.texts["llama.attention.causal"] = "no";
  EXPECT_THAT(std::string(Load(text).message()),
              HasSubstr("llama.attention.causal is \"no\", which is not supported; supported: 1"));
}

TEST(ModelConfigTest, MoreTokensThanRowsAreRefusedAndFewerAccepted) {
  SmallModel model;
  model.embedding_rows = 257;
  const absl::Status status = Load(model);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("tokenizer.ggml.tokens: expected at most 257 tokens, the rows of "
                        "token_embd.weight, found 258"));
  model.embedding_rows = 260;
  EXPECT_TRUE(Load(model).ok());
}

TEST(ModelConfigTest, WeightsThatAreNotFiniteAreRefused) {
  for (const char* name : {"token_embd.weight", "output_norm.weight", "output.weight",
                           "blk.0.attn_v.weight", "blk.0.ffn_norm.weight"}) {
    for (const float value :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      SmallModel model;
      model.last_weight[name] = value;
      const absl::Status status = Load(model);
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << name;
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr(std::string(name) + ": expected finite"));
    }
    SmallModel model;
    model.last_weight[name] = -std::numeric_limits<float>::max();
    EXPECT_TRUE(Load(model).ok()) << name;
  }
}

}  // namespace
}  // namespace strata::evaluator

#include "evaluator/decoding/key_value_cache.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

constexpr int64_t kTokens = 41;
constexpr int kBlocks = 2;

// Six query heads in two groups.
ModelConfig Config() {
  ModelConfig config;
  config.blocks = kBlocks;
  config.heads = 6;
  config.key_value_heads = 2;
  config.head_dimension = 10;
  config.hidden = 60;
  return config;
}

at::Tensor Waves(int64_t tokens, int64_t columns, double phase) {
  return at::sin(at::arange(tokens * columns, at::kFloat) * 1.7 + phase).view({tokens, columns}) *
         2;
}

// Attention of the query at every position, in double precision.
at::Tensor Expected(const at::Tensor& query, const at::Tensor& keys, const at::Tensor& values) {
  const ModelConfig config = Config();
  const auto heads = [&](const at::Tensor& rows, int64_t repeat) {
    return rows.to(at::kDouble)
        .view({kTokens, -1, config.head_dimension})
        .transpose(0, 1)
        .repeat_interleave(repeat, 0);
  };
  return at::scaled_dot_product_attention(heads(query, 1), heads(keys, 3), heads(values, 3), {}, 0,
                                          /*is_causal=*/true)
      .transpose(0, 1)
      .reshape({kTokens, -1});
}

TEST(KeyValueCacheTest, AttentionOfEveryPositionIsThatOfAWholeWindow) {
  const ModelConfig config = Config();
  KeyValueCache cache(config, kTokens);
  const at::Tensor query = Waves(kTokens, config.query_rows(), 0.1);
  std::vector<at::Tensor> keys;
  std::vector<at::Tensor> values;
  for (int block = 0; block < kBlocks; ++block) {
    keys.push_back(Waves(kTokens, config.key_value_rows(), 0.2 + block));
    values.push_back(Waves(kTokens, config.key_value_rows(), 0.3 + block));
    // The first 7 tokens at once, the others one by one.
    cache.Write(block, 0, keys[block].narrow(0, 0, 7), values[block].narrow(0, 0, 7));
  }
  std::vector<float> weights;
  for (int64_t position = 7; position < kTokens; ++position) {
    for (int block = 0; block < kBlocks; ++block) {
      cache.Write(block, position, keys[block].narrow(0, position, 1),
                  values[block].narrow(0, position, 1));
    }
  }
  for (int block = 0; block < kBlocks; ++block) {
    const at::Tensor expected = Expected(query, keys[block], values[block]);
    for (int64_t position = 0; position < kTokens; ++position) {
      const at::Tensor output = at::full({config.query_rows()}, 1e9f);
      const auto columns = static_cast<size_t>(config.query_rows());
      const std::span<const float> row(query.data_ptr<float>() + position * config.query_rows(),
                                       columns);
      for (const auto& [first, last] : {std::pair<int64_t, int64_t>{0, 4}, {4, 6}}) {
        cache.Attend(block, position, row, first, last, weights,
                     {output.data_ptr<float>(), columns});
      }
      EXPECT_TRUE(at::allclose(output.to(at::kDouble), expected[position], 1e-5, 1e-5))
          << "block " << block << ", position " << position;
    }
  }
}

TEST(KeyValueCacheTest, LargeScoresDoNotOverflow) {
  const ModelConfig config = Config();
  KeyValueCache cache(config, 2);
  const at::Tensor keys = at::full({2, config.key_value_rows()}, 1000.0f);
  keys[1].fill_(-1000.0f);
  const at::Tensor values = Waves(2, config.key_value_rows(), 0);
  cache.Write(0, 0, keys, values);
  const at::Tensor query = at::full({config.query_rows()}, 1000.0f);
  at::Tensor output = at::empty({config.query_rows()});
  const auto columns = static_cast<size_t>(config.query_rows());
  std::vector<float> weights;
  cache.Attend(0, 1, {query.data_ptr<float>(), columns}, 0, config.heads, weights,
               {output.data_ptr<float>(), columns});
  // All of the weight is the first token's.
  const at::Tensor expected =
      values[0].view({2, 1, config.head_dimension}).expand({2, 3, config.head_dimension});
  EXPECT_TRUE(at::allclose(output, expected.reshape({-1})));
}

TEST(KeyValueCacheTest, BytesPerToken) {
  EXPECT_EQ(KeyValueCache::BytesPerToken(Config()), kBlocks * 2 * 2 * 10 * 4);
}

}  // namespace
}  // namespace strata::evaluator

#include "evaluator/decoding/key_value_cache.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "evaluator/model/exponential.h"
#include "pruning/vector_clones.h"

namespace strata::evaluator {
namespace {

struct OneHead {
  const float* query;   // [dimension]
  const float* keys;    // [dimension, key_stride]
  const float* values;  // [positions, dimension]
  int64_t key_stride;
  int64_t positions;
  int64_t dimension;
  float scale;  // of scores
};

STRATA_VECTOR_CLONES void Scores(const OneHead& head, float* __restrict scores) {
  std::fill_n(scores, head.positions, 0.0f);
  for (int64_t i = 0; i < head.dimension; ++i) {
    const float query = head.query[i] * head.scale;
    const float* __restrict keys = head.keys + i * head.key_stride;
    for (int64_t position = 0; position < head.positions; ++position) {
      scores[position] += query * keys[position];
    }
  }
}

// Replaces scores by e^(score - maximum).
STRATA_VECTOR_CLONES void Exponentials(int64_t positions, float maximum, float* scores) {
  for (int64_t i = 0; i < positions; ++i) scores[i] = Exponential(scores[i] - maximum);
}

STRATA_VECTOR_CLONES void AddValues(const OneHead& head, const float* __restrict weights,
                                    float* __restrict output) {
  constexpr int64_t kTogether = 4;
  const int64_t dimension = head.dimension;
  std::fill_n(output, dimension, 0.0f);
  int64_t position = 0;
  for (; position + kTogether <= head.positions; position += kTogether) {
    const float* __restrict value = head.values + position * dimension;
    const float* w = weights + position;
    for (int64_t i = 0; i < dimension; ++i) {
      output[i] += (w[0] * value[i] + w[1] * value[dimension + i]) +
                   (w[2] * value[2 * dimension + i] + w[3] * value[3 * dimension + i]);
    }
  }
  for (; position < head.positions; ++position) {
    const float* __restrict value = head.values + position * dimension;
    for (int64_t i = 0; i < dimension; ++i) output[i] += weights[position] * value[i];
  }
}

void AttendHead(const OneHead& head, float* weights, float* output) {
  Scores(head, weights);
  Exponentials(head.positions, *std::max_element(weights, weights + head.positions), weights);
  double sum = 0;
  for (int64_t i = 0; i < head.positions; ++i) sum += weights[i];
  AddValues(head, weights, output);
  const auto scale = static_cast<float>(1.0 / sum);
  for (int64_t i = 0; i < head.dimension; ++i) output[i] *= scale;
}

}  // namespace

KeyValueCache::KeyValueCache(const ModelConfig& config, int64_t maximum_tokens)
    : config_(config), maximum_tokens_(maximum_tokens) {
  const int64_t heads = config.key_value_heads;
  for (int block = 0; block < config.blocks; ++block) {
    keys_.push_back(at::empty({heads, config.head_dimension, maximum_tokens}));
    values_.push_back(at::empty({heads, maximum_tokens, config.head_dimension}));
  }
}

int64_t KeyValueCache::BytesPerToken(const ModelConfig& config) {
  return config.blocks * 2 * config.key_value_rows() * static_cast<int64_t>(sizeof(float));
}

void KeyValueCache::Write(int block, int64_t position, const at::Tensor& keys,
                          const at::Tensor& values) {
  const int64_t tokens = keys.size(0);
  const int64_t heads = config_.key_value_heads;
  const int64_t dimension = config_.head_dimension;
  keys_[block]
      .narrow(2, position, tokens)
      .copy_(keys.unflatten(1, {heads, dimension}).permute({1, 2, 0}));
  values_[block]
      .narrow(1, position, tokens)
      .copy_(values.unflatten(1, {heads, dimension}).permute({1, 0, 2}));
}

void KeyValueCache::Attend(int block, int64_t position, std::span<const float> query,
                           int64_t first_head, int64_t last_head, std::vector<float>& weights,
                           std::span<float> output) const {
  const int64_t dimension = config_.head_dimension;
  const int64_t sharing = config_.heads / config_.key_value_heads;
  const int64_t first =
      config_.Slides(block) ? std::max<int64_t>(0, position + 1 - config_.sliding_window) : 0;
  const auto scale = static_cast<float>(config_.attention_scale());
  weights.resize(static_cast<size_t>(position + 1));
  const float* keys = keys_[block].const_data_ptr<float>();
  const float* values = values_[block].const_data_ptr<float>();
  for (int64_t head = first_head; head < last_head; ++head) {
    const int64_t offset = head / sharing * dimension * maximum_tokens_;
    const OneHead one = {query.data() + head * dimension,
                         keys + offset + first,
                         values + offset + first * dimension,
                         maximum_tokens_,
                         position + 1 - first,
                         dimension,
                         scale};
    AttendHead(one, weights.data(), output.data() + head * dimension);
  }
}

}  // namespace strata::evaluator

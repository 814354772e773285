#include "evaluator/model_config.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <utility>

namespace strata::evaluator {

namespace {

float Scaled(const Llama3Scaling& scaling, float frequency) {
  const float wavelength = 2 * std::numbers::pi_v<float> / frequency;
  if (wavelength > scaling.original_positions / scaling.low_frequency_factor) {
    return frequency / scaling.factor;
  }
  if (wavelength < scaling.original_positions / scaling.high_frequency_factor) return frequency;
  const float kept = (scaling.original_positions / wavelength - scaling.low_frequency_factor) /
                     (scaling.high_frequency_factor - scaling.low_frequency_factor);
  return (1 - kept) * frequency / scaling.factor + kept * frequency;
}

}  // namespace

std::vector<float> RotaryFrequencies(const ModelConfig& config) {
  std::vector<float> frequencies;
  for (int64_t i = 0; i < config.head_dimension / 2; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(config.head_dimension);
    const float wave = std::pow(static_cast<float>(config.rotary_base), exponent);
    float frequency = 1.0f / wave / static_cast<float>(config.rotary_factor);
    if (config.llama3_scaling.has_value()) frequency = Scaled(*config.llama3_scaling, frequency);
    if (!config.rotary_divisors.empty()) frequency /= config.rotary_divisors[i];
    frequencies.push_back(frequency);
  }
  return frequencies;
}

std::vector<float> RotaryDivisors(const ModelConfig& config) {
  ModelConfig plain = config;
  plain.llama3_scaling.reset();
  plain.rotary_divisors.clear();
  const std::vector<float> with = RotaryFrequencies(config);
  std::vector<float> divisors = RotaryFrequencies(plain);
  for (size_t i = 0; i < divisors.size(); ++i) divisors[i] /= with[i];
  return divisors;
}

std::string BlockTensor(int block, int tensor) {
  return fmt::format("model.layers.{}.{}.weight", block, kBlockTensorNames[tensor].hugging_face);
}

std::array<std::vector<int64_t>, kBlockTensors> BlockShapes(const ModelConfig& config) {
  const int64_t query = config.query_rows();
  const int64_t key_value = config.key_value_rows();
  return {{{query, config.hidden},
           {key_value, config.hidden},
           {key_value, config.hidden},
           {config.hidden, query},
           {config.feed_forward, config.hidden},
           {config.feed_forward, config.hidden},
           {config.hidden, config.feed_forward},
           {config.hidden},
           {config.hidden}}};
}

std::vector<NamedShape> TensorsOf(const ModelConfig& config) {
  std::vector<NamedShape> tensors = {{kEmbeddingName, {config.vocabulary, config.hidden}}};
  const std::array<std::vector<int64_t>, kBlockTensors> shapes = BlockShapes(config);
  for (int block = 0; block < config.blocks; ++block) {
    for (int tensor = 0; tensor < kBlockTensors; ++tensor) {
      tensors.push_back({BlockTensor(block, tensor), shapes[tensor]});
    }
  }
  tensors.push_back({kFinalNormName, {config.hidden}});
  if (!config.tied) tensors.push_back({kHeadName, {config.vocabulary, config.hidden}});
  return tensors;
}

absl::Status CheckHeads(const ModelConfig& config, const std::string& where) {
  if (config.heads % config.key_value_heads == 0 && config.head_dimension >= 2 &&
      config.head_dimension % 2 == 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(fmt::format(
      "{}: {} query heads, {} key-value heads of dimension {}: expected the key-value heads to "
      "divide the query heads, and an even dimension of at least 2",
      where, config.heads, config.key_value_heads, config.head_dimension));
}

}  // namespace strata::evaluator

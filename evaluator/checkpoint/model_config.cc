#include "evaluator/checkpoint/model_config.h"

#include <fmt/format.h>

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

const char* Ending(bool is_bias) { return is_bias ? "bias" : "weight"; }

bool IsNorm(BlockRole role) { return role >= BlockRole::kAttentionNorm; }

bool HasBias(const ModelConfig& config, BlockRole role) {
  switch (role) {
    case BlockRole::kQuery:
    case BlockRole::kKey:
    case BlockRole::kValue:
      return config.query_key_value_bias;
    case BlockRole::kAttentionOutput:
      return config.attention_output_bias;
    case BlockRole::kGate:
    case BlockRole::kUp:
    case BlockRole::kDown:
      return config.feed_forward_bias;
    default:
      return config.family->norm == NormKind::kLayer;
  }
}

std::vector<int64_t> WeightShape(const ModelConfig& config, BlockRole role) {
  switch (role) {
    case BlockRole::kQuery:
      return {config.query_rows(), config.hidden};
    case BlockRole::kKey:
    case BlockRole::kValue:
      return {config.key_value_rows(), config.hidden};
    case BlockRole::kAttentionOutput:
      return {config.hidden, config.query_rows()};
    case BlockRole::kGate:
    case BlockRole::kUp:
      return {config.feed_forward, config.hidden};
    case BlockRole::kDown:
      return {config.hidden, config.feed_forward};
    case BlockRole::kQueryNorm:
    case BlockRole::kKeyNorm:
      return {config.head_dimension};
    default:
      return {config.hidden};
  }
}

GgufForm GgufFormOf(const ModelFamily& family, const BlockTensor& tensor) {
  const bool rotates = tensor.role == BlockRole::kQuery || tensor.role == BlockRole::kKey;
  if (rotates && family.gguf_interleaves) return GgufForm::kInterleavedRows;
  if (IsNorm(tensor.role) && family.norm == NormKind::kRmsPlusOne) return GgufForm::kOneAdded;
  return GgufForm::kSame;
}

void AddModelTensor(const ModelConfig& config, ModelRole role, std::vector<int64_t> shape,
                    std::vector<NamedShape>* tensors) {
  const ModelFamily& family = *config.family;
  const bool is_norm = role == ModelRole::kFinalNorm;
  const GgufForm form =
      is_norm && family.norm == NormKind::kRmsPlusOne ? GgufForm::kOneAdded : GgufForm::kSame;
  for (const bool is_bias : {false, true}) {
    if (is_bias && !(is_norm && family.norm == NormKind::kLayer)) continue;
    const char* gguf = family.Names(role).gguf;
    tensors->push_back({.name = ModelTensorName(config, role, is_bias),
                        .shape = shape,
                        .gguf = gguf == nullptr ? "" : fmt::format("{}.{}", gguf, Ending(is_bias)),
                        .gguf_form = form});
  }
}

}  // namespace

BlockRole RoleOf(const ModelConfig& config, int linear) {
  const bool skips_gate = !config.gated() && linear >= static_cast<int>(BlockRole::kGate);
  return static_cast<BlockRole>(linear + (skips_gate ? 1 : 0));
}

std::vector<float> RotaryFrequencies(const RotaryEmbedding& rotary, int64_t head_dimension) {
  std::vector<float> frequencies;
  for (int64_t i = 0; i < head_dimension / 2; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_dimension);
    const float wave = std::pow(static_cast<float>(rotary.base), exponent);
    float frequency = 1.0f / wave / static_cast<float>(rotary.factor);
    if (rotary.llama3_scaling.has_value()) frequency = Scaled(*rotary.llama3_scaling, frequency);
    if (!rotary.divisors.empty()) frequency /= rotary.divisors[static_cast<size_t>(i)];
    frequencies.push_back(frequency);
  }
  return frequencies;
}

std::vector<float> RotaryDivisors(const RotaryEmbedding& rotary, int64_t head_dimension) {
  RotaryEmbedding plain = rotary;
  plain.llama3_scaling.reset();
  plain.divisors.clear();
  const std::vector<float> with = RotaryFrequencies(rotary, head_dimension);
  std::vector<float> divisors = RotaryFrequencies(plain, head_dimension);
  for (size_t i = 0; i < divisors.size(); ++i) divisors[i] /= with[i];
  return divisors;
}

std::vector<BlockTensor> BlockTensorsOf(const ModelConfig& config) {
  std::vector<BlockTensor> tensors;
  for (int linear = 0; linear < config.linears_per_block(); ++linear) {
    const BlockRole role = RoleOf(config, linear);
    tensors.push_back({role, false, WeightShape(config, role)});
  }
  for (int i = 0; i < kBlockRoles; ++i) {
    const auto role = static_cast<BlockRole>(i);
    if (!config.family->Has(role)) continue;
    std::vector<int64_t> shape = WeightShape(config, role);
    if (IsNorm(role)) tensors.push_back({role, false, shape});
    shape.resize(1);
    if (HasBias(config, role)) tensors.push_back({role, true, std::move(shape)});
  }
  return tensors;
}

std::string BlockTensorName(const ModelConfig& config, int block, BlockRole role, bool is_bias) {
  return fmt::format("{}.{}.{}.{}", config.family->block_prefix, block,
                     config.family->Names(role).hugging_face, Ending(is_bias));
}

std::string LinearName(const ModelConfig& config, int block, int linear) {
  return BlockTensorName(config, block, RoleOf(config, linear));
}

std::string ModelTensorName(const ModelConfig& config, ModelRole role, bool is_bias) {
  return fmt::format("{}.{}", config.family->Names(role).hugging_face, Ending(is_bias));
}

std::vector<NamedShape> TensorsOf(const ModelConfig& config) {
  const ModelFamily& family = *config.family;
  std::vector<NamedShape> tensors;
  const int64_t width = config.embedding_columns();
  AddModelTensor(config, ModelRole::kEmbedding, {config.vocabulary, width}, &tensors);
  if (family.learned_positions) {
    AddModelTensor(config, ModelRole::kPositions,
                   {config.learned_positions + family.position_offset, config.hidden}, &tensors);
  }
  if (config.embedding_width > 0) {
    AddModelTensor(config, ModelRole::kProjectIn, {config.hidden, width}, &tensors);
  }
  const std::vector<BlockTensor> of_block = BlockTensorsOf(config);
  for (int block = 0; block < config.blocks; ++block) {
    for (const BlockTensor& tensor : of_block) {
      const char* gguf = family.Names(tensor.role).gguf;
      tensors.push_back({.name = BlockTensorName(config, block, tensor.role, tensor.is_bias),
                         .shape = tensor.shape,
                         .gguf = gguf == nullptr ? ""
                                                 : fmt::format("blk.{}.{}.{}", block, gguf,
                                                               Ending(tensor.is_bias)),
                         .gguf_form = GgufFormOf(family, tensor),
                         .is_linear = !IsNorm(tensor.role) && !tensor.is_bias});
    }
  }
  if (config.has_final_norm) {
    AddModelTensor(config, ModelRole::kFinalNorm, {config.hidden}, &tensors);
  }
  if (config.embedding_width > 0) {
    AddModelTensor(config, ModelRole::kProjectOut, {width, config.hidden}, &tensors);
  }
  if (!config.tied) AddModelTensor(config, ModelRole::kHead, {config.vocabulary, width}, &tensors);
  return tensors;
}

absl::Status CheckHeads(const ModelConfig& config, const std::string& where) {
  const bool is_rotary = !config.family->learned_positions;
  if (config.heads % config.key_value_heads == 0 && config.head_dimension >= 2 &&
      (config.head_dimension % 2 == 0 || !is_rotary)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(fmt::format(
      "{}: {} query heads, {} key-value heads of dimension {}: expected the key-value heads to "
      "divide the query heads, and {} dimension of at least 2",
      where, config.heads, config.key_value_heads, config.head_dimension,
      is_rotary ? "an even" : "a"));
}

absl::Status CheckPositions(const ModelConfig& config, int64_t tokens) {
  if (!config.family->learned_positions || tokens <= config.learned_positions) {
    return absl::OkStatus();
  }
  return absl::OutOfRangeError(
      fmt::format("the model has {} learned positions: expected sequences of at most as many "
                  "tokens, found {}",
                  config.learned_positions, tokens));
}

}  // namespace strata::evaluator

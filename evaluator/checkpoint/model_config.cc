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

bool IsNorm(BlockPart part) { return part >= BlockPart::kAttentionNorm; }

bool HasBias(const ModelConfig& config, BlockPart part) {
  switch (part) {
    case BlockPart::kQuery:
    case BlockPart::kKey:
    case BlockPart::kValue:
      return config.query_key_value_bias;
    case BlockPart::kAttentionOutput:
      return config.attention_output_bias;
    case BlockPart::kGate:
    case BlockPart::kUp:
    case BlockPart::kDown:
      return config.feed_forward_bias;
    default:
      return config.family->norm == NormKind::kLayer;
  }
}

std::vector<int64_t> WeightShape(const ModelConfig& config, BlockPart part) {
  switch (part) {
    case BlockPart::kQuery:
      return {config.query_rows(), config.hidden};
    case BlockPart::kKey:
    case BlockPart::kValue:
      return {config.key_value_rows(), config.hidden};
    case BlockPart::kAttentionOutput:
      return {config.hidden, config.query_rows()};
    case BlockPart::kGate:
    case BlockPart::kUp:
      return {config.feed_forward, config.hidden};
    case BlockPart::kDown:
      return {config.hidden, config.feed_forward};
    case BlockPart::kQueryNorm:
    case BlockPart::kKeyNorm:
      return {config.head_dimension};
    default:
      return {config.hidden};
  }
}

GgufForm GgufFormOf(const ModelFamily& family, const BlockTensor& tensor) {
  const bool rotates = tensor.part == BlockPart::kQuery || tensor.part == BlockPart::kKey;
  if (rotates && family.gguf_interleaves) return GgufForm::kInterleavedRows;
  if (IsNorm(tensor.part) && family.norm == NormKind::kRmsPlusOne) return GgufForm::kOneAdded;
  return GgufForm::kSame;
}

void AddModelTensor(const ModelConfig& config, ModelPart part, std::vector<int64_t> shape,
                    std::vector<NamedShape>* tensors) {
  const ModelFamily& family = *config.family;
  const bool is_norm = part == ModelPart::kFinalNorm;
  const GgufForm form =
      is_norm && family.norm == NormKind::kRmsPlusOne ? GgufForm::kOneAdded : GgufForm::kSame;
  for (const bool is_bias : {false, true}) {
    if (is_bias && !(is_norm && family.norm == NormKind::kLayer)) continue;
    const char* gguf = family.Names(part).gguf;
    tensors->push_back({.name = ModelTensorName(config, part, is_bias),
                        .shape = shape,
                        .gguf = gguf == nullptr ? "" : fmt::format("{}.{}", gguf, Ending(is_bias)),
                        .gguf_form = form});
  }
}

}  // namespace

BlockPart PartOf(const ModelConfig& config, int linear) {
  const bool skips_gate = !config.gated() && linear >= static_cast<int>(BlockPart::kGate);
  return static_cast<BlockPart>(linear + (skips_gate ? 1 : 0));
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
    const BlockPart part = PartOf(config, linear);
    tensors.push_back({part, false, WeightShape(config, part)});
  }
  for (int i = 0; i < kBlockRoles; ++i) {
    const auto part = static_cast<BlockPart>(i);
    if (!config.family->Has(part)) continue;
    std::vector<int64_t> shape = WeightShape(config, part);
    if (IsNorm(part)) tensors.push_back({part, false, shape});
    shape.resize(1);
    if (HasBias(config, part)) tensors.push_back({part, true, std::move(shape)});
  }
  return tensors;
}

std::string BlockTensorName(const ModelConfig& config, int block, BlockPart part, bool is_bias) {
  return fmt::format("{}.{}.{}.{}", config.family->block_prefix, block,
                     config.family->Names(part).hugging_face, Ending(is_bias));
}

std::string LinearName(const ModelConfig& config, int block, int linear) {
  return BlockTensorName(config, block, PartOf(config, linear));
}

std::string ModelTensorName(const ModelConfig& config, ModelPart part, bool is_bias) {
  return fmt::format("{}.{}", config.family->Names(part).hugging_face, Ending(is_bias));
}

std::vector<NamedShape> TensorsOf(const ModelConfig& config) {
  const ModelFamily& family = *config.family;
  std::vector<NamedShape> tensors;
  const int64_t width = config.embedding_columns();
  AddModelTensor(config, ModelPart::kEmbedding, {config.vocabulary, width}, &tensors);
  if (family.learned_positions) {
    AddModelTensor(config, ModelPart::kPositions,
                   {config.learned_positions + family.position_offset, config.hidden}, &tensors);
  }
  if (config.embedding_width > 0) {
    AddModelTensor(config, ModelPart::kProjectIn, {config.hidden, width}, &tensors);
  }
  const std::vector<BlockTensor> of_block = BlockTensorsOf(config);
  for (int block = 0; block < config.blocks; ++block) {
    for (const BlockTensor& tensor : of_block) {
      const char* gguf = family.Names(tensor.part).gguf;
      tensors.push_back({.name = BlockTensorName(config, block, tensor.part, tensor.is_bias),
                         .shape = tensor.shape,
                         .gguf = gguf == nullptr ? ""
                                                 : fmt::format("blk.{}.{}.{}", block, gguf,
                                                               Ending(tensor.is_bias)),
                         .gguf_form = GgufFormOf(family, tensor),
                         .is_linear = !IsNorm(tensor.part) && !tensor.is_bias});
    }
  }
  if (config.has_final_norm) {
    AddModelTensor(config, ModelPart::kFinalNorm, {config.hidden}, &tensors);
  }
  if (config.embedding_width > 0) {
    AddModelTensor(config, ModelPart::kProjectOut, {width, config.hidden}, &tensors);
  }
  if (!config.tied) AddModelTensor(config, ModelPart::kHead, {config.vocabulary, width}, &tensors);
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

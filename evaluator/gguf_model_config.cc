#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "evaluator/gguf_file.h"
#include "evaluator/model_config.h"

namespace strata::evaluator {
namespace {

absl::Status Unsupported(const GgufFile& file, const std::string& what) {
  return absl::UnimplementedError(fmt::format("{}: {}", file.path(), what));
}

absl::Status ReadPositive(const GgufFile& file, const std::string& key, int64_t* value) {
  const absl::StatusOr<int64_t> found = file.Integer(key);
  if (!found.ok()) return found.status();
  // Products of two fit in 64 bits.
  constexpr int64_t kMaximum = std::numeric_limits<int32_t>::max();
  if (*found < 1 || *found > kMaximum) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} is {}, expected 1 to {}", file.path(), key, *found, kMaximum));
  }
  *value = *found;
  return absl::OkStatus();
}

// Leaves `value` alone where the key is absent.
absl::Status ReadOptionalReal(const GgufFile& file, const std::string& key, double* value) {
  if (!file.metadata().contains(key)) return absl::OkStatus();
  const absl::StatusOr<double> found = file.Real(key);
  if (!found.ok()) return found.status();
  if (!(*found > 0)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} is {}, expected more than 0", file.path(), key, *found));
  }
  *value = *found;
  return absl::OkStatus();
}

absl::Status CheckSupported(const GgufFile& file) {
  const absl::StatusOr<std::string> architecture = file.String("general.architecture");
  if (!architecture.ok()) return architecture.status();
  if (*architecture != "llama") {
    return Unsupported(file,
                       fmt::format("the architecture is '{}'; supported: llama", *architecture));
  }
  if (file.metadata().contains("llama.expert_count")) {
    const absl::StatusOr<int64_t> experts = file.Integer("llama.expert_count");
    if (!experts.ok()) return experts.status();
    if (*experts > 0) return Unsupported(file, "mixture-of-experts models are not supported");
  }
  if (file.metadata().contains("llama.rope.scaling.type")) {
    const absl::StatusOr<std::string> scaling = file.String("llama.rope.scaling.type");
    if (!scaling.ok()) return scaling.status();
    if (*scaling != "none" && *scaling != "linear") {
      return Unsupported(file, fmt::format("rotary embeddings are scaled ('{}'); supported: none, "
                                           "linear, and per-frequency factors",
                                           *scaling));
    }
  }
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.ends_with(".bias")) {
      return Unsupported(file, fmt::format("the tensor '{}' is a bias; none are supported", name));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadHeads(const GgufFile& file, ModelConfig* config) {
  if (absl::Status status = ReadPositive(file, "llama.attention.head_count", &config->heads);
      !status.ok()) {
    return status;
  }
  config->key_value_heads = config->heads;
  if (file.metadata().contains("llama.attention.head_count_kv")) {
    if (absl::Status status =
            ReadPositive(file, "llama.attention.head_count_kv", &config->key_value_heads);
        !status.ok()) {
      return status;
    }
  }
  config->head_dimension = config->hidden / config->heads;
  if (file.metadata().contains("llama.attention.key_length")) {
    if (absl::Status status =
            ReadPositive(file, "llama.attention.key_length", &config->head_dimension);
        !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = CheckHeads(*config, file.path()); !status.ok()) return status;
  int64_t rotary = config->head_dimension;
  if (file.metadata().contains("llama.rope.dimension_count")) {
    if (absl::Status status = ReadPositive(file, "llama.rope.dimension_count", &rotary);
        !status.ok()) {
      return status;
    }
  }
  if (rotary != config->head_dimension) {
    return Unsupported(file, fmt::format("rotary embeddings cover {} of {} dimensions; supported: "
                                         "all",
                                         rotary, config->head_dimension));
  }
  return absl::OkStatus();
}

// The factor is of the linear rule; the divisors of one frequency each have a tensor.
absl::Status ReadRotaryScaling(const GgufFile& file, ModelConfig* config) {
  if (absl::Status status =
          ReadOptionalReal(file, "llama.rope.scaling.factor", &config->rotary_factor);
      !status.ok()) {
    return status;
  }
  const auto found = file.tensors().find(kRotaryDivisorsName);
  if (found == file.tensors().end()) return absl::OkStatus();
  const GgufTensor& tensor = found->second;
  if (tensor.shape != std::vector<int64_t>{config->head_dimension / 2}) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: {} has shape [{}], expected [{}] from the numbers of the header", file.path(),
        tensor.name, fmt::join(tensor.shape, ", "), config->head_dimension / 2));
  }
  config->rotary_divisors.resize(static_cast<size_t>(tensor.elements()));
  if (absl::Status status = Dequantize(tensor, config->rotary_divisors); !status.ok()) {
    return status;
  }
  for (const float divisor : config->rotary_divisors) {
    if (std::isfinite(divisor) && divisor > 0) continue;
    return absl::DataLossError(fmt::format("{}: {}: expected numbers above 0, found {}",
                                           file.path(), tensor.name, divisor));
  }
  return absl::OkStatus();
}

absl::Status CheckShape(const GgufFile& file, const std::string& name,
                        const std::vector<int64_t>& expected) {
  const absl::StatusOr<const GgufTensor*> tensor = file.Tensor(name);
  if (!tensor.ok()) return tensor.status();
  if ((*tensor)->shape == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: {} has shape [{}], expected [{}] from the numbers of the header",
                  file.path(), name, fmt::join((*tensor)->shape, ", "), fmt::join(expected, ", ")));
}

absl::Status CheckShapes(const GgufFile& file, const ModelConfig& config) {
  absl::Status status = CheckShape(file, "output_norm.weight", {config.hidden});
  if (file.tensors().contains("output.weight")) {
    status.Update(CheckShape(file, "output.weight", {config.vocabulary, config.hidden}));
  }
  // Ends at the first block that the file lacks, whatever number the header has.
  const std::array<std::vector<int64_t>, kBlockTensors> shapes = BlockShapes(config);
  for (int block = 0; block < config.blocks && status.ok(); ++block) {
    for (int tensor = 0; tensor < kBlockTensors; ++tensor) {
      const char* name = kBlockTensorNames[tensor].gguf;
      status.Update(CheckShape(file, fmt::format("blk.{}.{}.weight", block, name), shapes[tensor]));
    }
  }
  return status;
}

// An id without a row would be looked up outside the embedding. Padding may make it longer.
absl::Status CheckVocabulary(const GgufFile& file, const ModelConfig& config) {
  constexpr const char* kTokens = "tokenizer.ggml.tokens";
  if (!file.metadata().contains(kTokens)) return absl::OkStatus();
  const absl::StatusOr<const std::vector<std::string>*> tokens = file.Strings(kTokens);
  if (!tokens.ok()) return tokens.status();
  if (static_cast<int64_t>((*tokens)->size()) <= config.vocabulary) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: {}: expected at most {} tokens, the rows of token_embd.weight, found {}",
                  file.path(), kTokens, config.vocabulary, (*tokens)->size()));
}

}  // namespace

absl::StatusOr<ModelConfig> ReadGgufConfig(const GgufFile& file) {
  if (absl::Status status = CheckSupported(file); !status.ok()) return status;
  ModelConfig config;
  int64_t blocks = 0;
  const struct {
    const char* key;
    int64_t* value;
  } sizes[] = {{"llama.block_count", &blocks},
               {"llama.embedding_length", &config.hidden},
               {"llama.feed_forward_length", &config.feed_forward}};
  for (const auto& size : sizes) {
    if (absl::Status status = ReadPositive(file, size.key, size.value); !status.ok()) {
      return status;
    }
  }
  config.blocks = static_cast<int>(blocks);
  if (absl::Status status = ReadHeads(file, &config); !status.ok()) return status;
  if (absl::Status status = ReadOptionalReal(file, "llama.rope.freq_base", &config.rotary_base);
      !status.ok()) {
    return status;
  }
  if (absl::Status status =
          ReadOptionalReal(file, "llama.attention.layer_norm_rms_epsilon", &config.norm_epsilon);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = ReadRotaryScaling(file, &config); !status.ok()) return status;
  const absl::StatusOr<const GgufTensor*> embedding = file.Tensor("token_embd.weight");
  if (!embedding.ok()) return embedding.status();
  if ((*embedding)->shape.size() != 2 || (*embedding)->shape[1] != config.hidden) {
    return absl::InvalidArgumentError(
        fmt::format("{}: token_embd.weight has shape [{}], expected [any number, {}]", file.path(),
                    fmt::join((*embedding)->shape, ", "), config.hidden));
  }
  config.vocabulary = (*embedding)->shape[0];
  config.tied = !file.tensors().contains("output.weight");
  absl::Status consistent = CheckVocabulary(file, config);
  consistent.Update(CheckShapes(file, config));
  if (!consistent.ok()) return consistent;
  return config;
}

}  // namespace strata::evaluator

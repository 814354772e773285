#include "evaluator/llama_config.h"

#include <fmt/format.h>

#include <string>

namespace strata::evaluator {
namespace {

absl::Status Unsupported(const GgufFile& file, const std::string& what) {
  return absl::UnimplementedError(fmt::format("{}: {}", file.path(), what));
}

absl::Status ReadPositive(const GgufFile& file, const std::string& key, int64_t* value) {
  const absl::StatusOr<int64_t> found = file.Integer(key);
  if (!found.ok()) return found.status();
  if (*found < 1) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} is {}, expected at least 1", file.path(), key, *found));
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
    if (*scaling != "none") {
      return Unsupported(
          file, fmt::format("rotary embeddings are scaled ('{}'); supported: none", *scaling));
    }
  }
  if (file.tensors().contains("rope_freqs.weight")) {
    return Unsupported(file, "rotary embeddings have per-frequency factors (rope_freqs.weight)");
  }
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.ends_with(".bias")) {
      return Unsupported(file, fmt::format("the tensor '{}' is a bias; none are supported", name));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadHeads(const GgufFile& file, LlamaConfig* config) {
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
  if (config->heads % config->key_value_heads != 0 || config->head_dimension % 2 != 0) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: {} query heads, {} key-value heads of dimension {}: expected the key-value heads to "
        "divide the query heads, and an even dimension",
        file.path(), config->heads, config->key_value_heads, config->head_dimension));
  }
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

}  // namespace

absl::StatusOr<LlamaConfig> ReadLlamaConfig(const GgufFile& file) {
  if (absl::Status status = CheckSupported(file); !status.ok()) return status;
  LlamaConfig config;
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
  const absl::StatusOr<const GgufTensor*> embedding = file.Tensor("token_embd.weight");
  if (!embedding.ok()) return embedding.status();
  if ((*embedding)->shape.size() != 2 || (*embedding)->shape[1] != config.hidden) {
    return absl::InvalidArgumentError(
        fmt::format("{}: token_embd.weight does not have {} columns", file.path(), config.hidden));
  }
  config.vocabulary = (*embedding)->shape[0];
  return config;
}

}  // namespace strata::evaluator

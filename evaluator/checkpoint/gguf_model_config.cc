#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "evaluator/checkpoint/gguf_arithmetic_keys.h"
#include "evaluator/checkpoint/model_config.h"
#include "evaluator/formats/gguf_file.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::Status Unsupported(const GgufFile& file, const std::string& what) {
  return absl::UnimplementedError(fmt::format("{}: {}", file.path(), what));
}

absl::Status ReadPositive(const GgufFile& file, const std::string& key, int64_t* value) {
  STRATA_ASSIGN_OR_RETURN(const int64_t found, file.Integer(key));
  // The product of two such numbers fits in 64 bits.
  constexpr int64_t kMaximum = std::numeric_limits<int32_t>::max();
  if (found < 1 || found > kMaximum) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} is {}, expected 1 to {}", file.path(), key, found, kMaximum));
  }
  *value = found;
  return absl::OkStatus();
}

absl::Status ReadReal(const GgufFile& file, const std::string& key, double* value) {
  STRATA_ASSIGN_OR_RETURN(const double found, file.Real(key));
  if (!(found > 0)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} is {}, expected more than 0", file.path(), key, found));
  }
  *value = found;
  return absl::OkStatus();
}

// Reads the metadata of the architecture, such as "llama.block_count".
class Numbers {
 public:
  Numbers(const GgufFile& file, const ModelFamily& family) : file_(file), family_(family) {}

  const GgufFile& file() const { return file_; }
  std::string Key(const char* name) const {
    return *asked_.insert(fmt::format("{}.{}", family_.gguf, name)).first;
  }
  const std::set<std::string>& asked() const { return asked_; }
  bool Has(const char* name) const { return file_.metadata().contains(Key(name)); }

  absl::Status Positive(const char* name, int64_t* value) const {
    return ReadPositive(file_, Key(name), value);
  }
  // Leaves `value` unchanged if the key is absent.
  absl::Status OptionalPositive(const char* name, int64_t* value) const {
    return Has(name) ? Positive(name, value) : absl::OkStatus();
  }
  absl::Status Real(const char* name, double* value) const {
    return ReadReal(file_, Key(name), value);
  }
  // Leaves `value` unchanged if the key is absent.
  absl::Status OptionalReal(const char* name, double* value) const {
    return Has(name) ? Real(name, value) : absl::OkStatus();
  }

 private:
  const GgufFile& file_;
  const ModelFamily& family_;
  mutable std::set<std::string> asked_;  // keys that were looked up
};

std::string Architectures() {
  std::set<std::string> names;
  for (const ModelFamily& family : ModelFamilies()) {
    if (family.gguf != nullptr) names.insert(family.gguf);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

absl::StatusOr<const ModelFamily*> ReadFamily(const GgufFile& file) {
  const absl::StatusOr<std::string> architecture = file.String("general.architecture");
  if (!architecture.ok()) return architecture.status();
  if (const ModelFamily* family = FamilyOfGguf(*architecture)) return family;
  return Unsupported(
      file, fmt::format("the architecture is '{}'; supported: {}", *architecture, Architectures()));
}

absl::Status CheckSupported(const Numbers& numbers) {
  const GgufFile& file = numbers.file();
  if (numbers.Has("expert_count")) {
    const absl::StatusOr<int64_t> experts = file.Integer(numbers.Key("expert_count"));
    if (!experts.ok()) return experts.status();
    if (*experts > 0) return Unsupported(file, "mixture-of-experts models are not supported");
  }
  if (numbers.Has("rope.scaling.type")) {
    STRATA_ASSIGN_OR_RETURN(const std::string scaling,
                            file.String(numbers.Key("rope.scaling.type")));
    if (scaling != "none" && scaling != "linear") {
      return Unsupported(file, fmt::format("rotary embeddings are scaled ('{}'); supported: none, "
                                           "linear, and per-frequency factors",
                                           scaling));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadHeads(const Numbers& numbers, ModelConfig* config) {
  const GgufFile& file = numbers.file();
  absl::Status status = numbers.Positive("attention.head_count", &config->heads);
  if (!status.ok()) return status;
  config->key_value_heads = config->heads;
  config->head_dimension = config->hidden / config->heads;
  status.Update(numbers.OptionalPositive("attention.head_count_kv", &config->key_value_heads));
  status.Update(numbers.OptionalPositive("attention.key_length", &config->head_dimension));
  if (status.ok()) status = CheckHeads(*config, file.path());
  int64_t rotary = config->head_dimension;
  status.Update(numbers.OptionalPositive("rope.dimension_count", &rotary));
  if (!status.ok() || rotary == config->head_dimension) return status;
  return Unsupported(file, fmt::format("rotary embeddings cover {} of {} dimensions; supported: "
                                       "all",
                                       rotary, config->head_dimension));
}

// Reads the factor of the linear rule, which older files call rope.scale_linear. As in llama.cpp,
// a factor counts unless the rule is "none".
absl::Status ReadLinearScaling(const Numbers& numbers, double* factor) {
  constexpr const char* kFactor = "rope.scaling.factor";
  constexpr const char* kOlder = "rope.scale_linear";
  const GgufFile& file = numbers.file();
  if (numbers.Has("rope.scaling.type")) {
    STRATA_ASSIGN_OR_RETURN(const std::string type, file.String(numbers.Key("rope.scaling.type")));
    if (type == "none") return absl::OkStatus();
  }
  absl::Status status = numbers.OptionalReal(kFactor, factor);
  if (!status.ok() || !numbers.Has(kOlder)) return status;
  double older = 1;
  STRATA_RETURN_IF_ERROR(numbers.Real(kOlder, &older));
  if (numbers.Has(kFactor) && older != *factor) {
    return absl::InvalidArgumentError(fmt::format("{}: {} is {}, expected {} as {} has it",
                                                  file.path(), numbers.Key(kOlder), older, *factor,
                                                  numbers.Key(kFactor)));
  }
  *factor = older;
  return absl::OkStatus();
}

// The metadata hold the factor of the linear rule. A tensor holds one divisor per frequency.
absl::Status ReadRotary(const Numbers& numbers, ModelConfig* config) {
  const GgufFile& file = numbers.file();
  RotaryEmbedding& rotary = config->rotary;
  absl::Status status = numbers.OptionalReal("rope.freq_base", &rotary.base);
  status.Update(ReadLinearScaling(numbers, &rotary.factor));
  if (!status.ok()) return status;
  const auto found = file.tensors().find(kRotaryDivisorsName);
  if (found == file.tensors().end()) return absl::OkStatus();
  const GgufTensor& tensor = found->second;
  if (tensor.shape != std::vector<int64_t>{config->head_dimension / 2}) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: {} has shape [{}], expected [{}] from the numbers of the header", file.path(),
        tensor.name, fmt::join(tensor.shape, ", "), config->head_dimension / 2));
  }
  rotary.divisors.resize(static_cast<size_t>(tensor.elements()));
  STRATA_RETURN_IF_ERROR(Dequantize(tensor, rotary.divisors));
  for (const float divisor : rotary.divisors) {
    if (std::isfinite(divisor) && divisor > 0) continue;
    return absl::DataLossError(fmt::format("{}: {}: expected numbers above 0, found {}",
                                           file.path(), tensor.name, divisor));
  }
  return absl::OkStatus();
}

absl::Status ReadSliding(const Numbers& numbers, ModelConfig* config) {
  if (!config->family->gguf_has_sliding_window) return absl::OkStatus();
  config->sliding_rotary = RotaryEmbedding{};
  config->slides = UsualGgufSliding(config->blocks);
  absl::Status status = numbers.Positive("attention.sliding_window", &config->sliding_window);
  status.Update(numbers.OptionalReal("rope.freq_base_swa", &config->sliding_rotary->base));
  return status;
}

// A model has the biases whose tensors are in the file.
void FindBiases(const GgufFile& file, ModelConfig* config) {
  const auto has = [&](const char* name) { return file.tensors().contains(name); };
  config->query_key_value_bias = has("blk.0.attn_q.bias");
  config->attention_output_bias = has("blk.0.attn_output.bias");
  config->feed_forward_bias = has("blk.0.ffn_up.bias");
}

absl::Status CheckShape(const GgufFile& file, const std::string& name,
                        const std::vector<int64_t>& expected) {
  STRATA_ASSIGN_OR_RETURN(const GgufTensor* tensor, file.Tensor(name));
  if (tensor->shape == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: {} has shape [{}], expected [{}] from the numbers of the header",
                  file.path(), name, fmt::join(tensor->shape, ", "), fmt::join(expected, ", ")));
}

// Stops at the first tensor that the file lacks, whatever number of blocks the header states.
absl::Status CheckShapes(const GgufFile& file, const ModelConfig& config) {
  if (static_cast<size_t>(config.blocks) > file.tensors().size()) {
    return absl::NotFoundError(fmt::format("{}: expected tensors of {} blocks, found {} tensors",
                                           file.path(), config.blocks, file.tensors().size()));
  }
  std::set<std::string> used = {kRotaryDivisorsName};
  for (const NamedShape& tensor : TensorsOf(config)) {
    STRATA_RETURN_IF_ERROR(CheckShape(file, tensor.gguf, tensor.shape));
    used.insert(tensor.gguf);
  }
  for (const auto& [name, tensor] : file.tensors()) {
    if (used.contains(name) || name.ends_with(".attn_rot_embd")) continue;
    return Unsupported(file, fmt::format("the tensor '{}' belongs to no model of the architecture "
                                         "'{}' as the header describes it",
                                         name, config.family->gguf));
  }
  return absl::OkStatus();
}

// Refuses ids without a row, which would be looked up outside the embedding. Padding may make the
// embedding longer than the vocabulary.
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

std::vector<bool> UsualGgufSliding(int blocks) {
  std::vector<bool> slides;
  for (int block = 0; block < blocks; ++block)
    slides.push_back((block + 1) % kUsualGgufPeriod != 0);
  return slides;
}

Activation UsualGgufActivation(const ModelFamily& family) {
  return family.norm == NormKind::kRmsPlusOne ? Activation::kGeluTanh : Activation::kSilu;
}

double UsualGgufQueryScalar(const ModelConfig& config) {
  // The largest Gemma 3 scales its scores for another width than its heads have.
  constexpr int kBlocksOfLargest = 62;
  const bool is_largest =
      config.family->norm == NormKind::kRmsPlusOne && config.blocks == kBlocksOfLargest;
  return static_cast<double>(is_largest ? config.hidden / config.heads : config.head_dimension);
}

absl::StatusOr<ModelConfig> ReadGgufConfig(const GgufFile& file, std::set<std::string>* asked) {
  STRATA_ASSIGN_OR_RETURN(const ModelFamily* family, ReadFamily(file));
  const Numbers numbers(file, *family);
  STRATA_RETURN_IF_ERROR(CheckSupported(numbers));
  ModelConfig config;
  config.family = family;
  int64_t blocks = 0;
  absl::Status status = numbers.Positive("block_count", &blocks);
  status.Update(numbers.Positive("embedding_length", &config.hidden));
  status.Update(numbers.Positive("feed_forward_length", &config.feed_forward));
  if (!status.ok()) return status;
  if (static_cast<size_t>(blocks) > file.tensors().size()) {
    return absl::NotFoundError(fmt::format("{}: {} is {}, and the file holds {} tensors",
                                           file.path(), numbers.Key("block_count"), blocks,
                                           file.tensors().size()));
  }
  config.blocks = static_cast<int>(blocks);
  config.activation = UsualGgufActivation(*family);
  status.Update(ReadHeads(numbers, &config));
  status.Update(numbers.Real("attention.layer_norm_rms_epsilon", &config.norm_epsilon));
  if (status.ok()) status = ReadRotary(numbers, &config);
  if (status.ok()) status = ReadSliding(numbers, &config);
  if (!status.ok()) return status;
  config.query_scalar = UsualGgufQueryScalar(config);
  STRATA_RETURN_IF_ERROR(CheckArithmeticKeys(file, config));
  FindBiases(file, &config);
  STRATA_ASSIGN_OR_RETURN(const GgufTensor* embedding, file.Tensor("token_embd.weight"));
  if (embedding->shape.size() != 2 || embedding->shape[1] != config.hidden) {
    return absl::InvalidArgumentError(
        fmt::format("{}: token_embd.weight has shape [{}], expected [any number, {}]", file.path(),
                    fmt::join(embedding->shape, ", "), config.hidden));
  }
  config.vocabulary = embedding->shape[0];
  config.tied = !file.tensors().contains("output.weight");
  absl::Status consistent = CheckVocabulary(file, config);
  consistent.Update(CheckShapes(file, config));
  if (!consistent.ok()) return consistent;
  if (asked != nullptr) *asked = numbers.asked();
  return config;
}

}  // namespace strata::evaluator

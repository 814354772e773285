#include "tests/evaluator/support/random_checkpoint.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace strata::evaluator {
namespace {

class RandomCheckpoint : public Checkpoint {
 public:
  explicit RandomCheckpoint(const ModelConfig& config) : config_(config) {}

  const std::string& path() const override { return name_; }
  const std::string& model_name() const override { return name_; }
  const ModelConfig& config() const override { return config_; }
  absl::StatusOr<std::string> Digest() const override { return std::string("0"); }
  std::string StoredName(const std::string& name) const override { return name; }
  std::optional<NumberFormat> FormatOf(const std::string&) const override {
    return NumberFormat::kFloat32;
  }

  absl::Status ReadRows(const std::string& name, int64_t first_row,
                        std::span<float> values) const override {
    for (const NamedShape& tensor : TensorsOf(config_)) {
      if (tensor.name != name) continue;
      std::mt19937_64 engine(std::hash<std::string>()(name));
      engine.discard(static_cast<uint64_t>(first_row * tensor.shape.back()));
      // Products keep the size of what they multiply; norms are near what leaves it unchanged.
      const bool is_norm = name.find("norm") != std::string::npos && name.ends_with("weight");
      const double scale = is_norm ? 0.3 : tensor.shape.size() == 1 ? 0.5 : 2;
      const double width = tensor.shape.size() == 1 ? 1 : std::sqrt(tensor.shape.back());
      const double middle = is_norm && config_.family->norm != NormKind::kRmsPlusOne ? 1 : 0;
      for (float& value : values) {
        const double share = static_cast<double>(engine() >> 11) * 0x1p-53;
        value = static_cast<float>(middle + scale * (2 * share - 1) / width);
      }
      return absl::OkStatus();
    }
    return absl::NotFoundError(name);
  }

  void Forget(const std::string&) const override {}

 private:
  std::string name_ = "random";
  ModelConfig config_;
};

ModelConfig Small(const char* family) {
  ModelConfig config;
  config.family = FamilyOfModelType(family);
  config.blocks = 2;
  config.hidden = 32;
  config.feed_forward = 48;
  config.vocabulary = 61;
  config.heads = 4;
  config.key_value_heads = 2;
  config.head_dimension = 8;
  return config;
}

}  // namespace

std::vector<NamedConfig> ConfigsOfAllFamilies() {
  std::vector<NamedConfig> configs;
  const auto add = [&](const char* name, const char* family,
                       const std::function<void(ModelConfig&)>& change) {
    configs.push_back({name, Small(family)});
    change(configs.back().config);
  };
  add("llama", "llama", [](ModelConfig&) {});
  add("llama with biases", "llama", [](ModelConfig& config) {
    config.query_key_value_bias = true;
    config.attention_output_bias = true;
    config.feed_forward_bias = true;
    config.tied = true;
  });
  add("mistral", "mistral", [](ModelConfig& config) { config.sliding_window = 9; });
  add("qwen2", "qwen2", [](ModelConfig& config) { config.query_key_value_bias = true; });
  add("qwen3", "qwen3", [](ModelConfig& config) { config.head_dimension = 12; });
  add("gemma3", "gemma3_text", [](ModelConfig& config) {
    config.blocks = 3;
    config.activation = Activation::kGeluTanh;
    config.query_scalar = 11;
    config.tied = true;
    config.sliding_window = 7;
    config.slides = {true, false, true};
    config.rotary.base = 1e6;
    config.rotary.factor = 2;
    config.sliding_rotary = RotaryEmbedding{};
  });
  const auto opt = [](ModelConfig& config) {
    config.key_value_heads = 4;
    config.activation = Activation::kRelu;
    config.query_key_value_bias = true;
    config.attention_output_bias = true;
    config.feed_forward_bias = true;
    config.learned_positions = 64;
    config.tied = true;
  };
  add("opt", "opt", opt);
  add("opt after the residual", "opt", [&](ModelConfig& config) {
    opt(config);
    config.norms_after_residual = true;
    config.has_final_norm = false;
    config.embedding_width = 20;
  });
  return configs;
}

std::unique_ptr<TransformerModel> RandomModel(const ModelConfig& config, Residence residence) {
  auto model = TransformerModel::Load(std::make_unique<RandomCheckpoint>(config), residence);
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

}  // namespace strata::evaluator

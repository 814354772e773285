#include "evaluator/hugging_face_config.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace strata::evaluator {
namespace {

using Json = nlohmann::json;

// Reads keys of one object and remembers the first error.
class Reader {
 public:
  Reader(const Json& json, const std::string& path) : json_(json), path_(path) {}

  // Null where the key is absent or null, which transformers takes for the same.
  const Json* Find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }

  int64_t Natural(const char* key, std::optional<int64_t> by_default = std::nullopt) {
    const Json* value = Find(key);
    if (value == nullptr && by_default.has_value()) return *by_default;
    // Products of two fit in 64 bits.
    constexpr int64_t kMaximum = std::numeric_limits<int32_t>::max();
    if (value == nullptr || !value->is_number_unsigned() || value->get<uint64_t>() < 1 ||
        value->get<uint64_t>() > uint64_t{kMaximum}) {
      Refuse(key, fmt::format("expected an integer from 1 to {}", kMaximum), value);
      return 1;
    }
    return value->get<int64_t>();
  }

  double Positive(const char* key, std::optional<double> by_default = std::nullopt) {
    const Json* value = Find(key);
    if (value == nullptr && by_default.has_value()) return *by_default;
    if (value == nullptr || !value->is_number() || !(value->get<double>() > 0)) {
      Refuse(key, "expected a number above 0", value);
      return by_default.value_or(1);
    }
    return value->get<double>();
  }

  bool Truth(const char* key, bool by_default) {
    const Json* value = Find(key);
    if (value == nullptr) return by_default;
    if (!value->is_boolean()) {
      Refuse(key, "expected true or false", value);
      return by_default;
    }
    return value->get<bool>();
  }

  std::string Text(const char* key, const std::string& by_default) {
    const Json* value = Find(key);
    if (value == nullptr) return by_default;
    if (!value->is_string()) {
      Refuse(key, "expected a text", value);
      return by_default;
    }
    return value->get<std::string>();
  }

  void Refuse(const char* key, const std::string& expected, const Json* found) {
    status_.Update(absl::InvalidArgumentError(fmt::format(
        "{}: \"{}\": {}, found {}", path_, key, expected,
        found == nullptr ? "no such key"
                         : found->dump(-1, ' ', false, Json::error_handler_t::replace))));
  }

  void Unsupported(const char* key, const std::string& found, const char* supported) {
    status_.Update(absl::UnimplementedError(fmt::format(
        "{}: \"{}\" is {}, which is not supported; supported: {}", path_, key, found, supported)));
  }

  void Take(const absl::Status& status) { status_.Update(status); }
  const absl::Status& status() const { return status_; }

 private:
  const Json& json_;
  const std::string& path_;
  absl::Status status_;
};

void CheckSupported(Reader& reader) {
  const std::string type = reader.Text("model_type", "");
  if (type != "llama" && type != "mistral") {
    reader.Unsupported("model_type", type.empty() ? "absent" : fmt::format("\"{}\"", type),
                       "llama, and mistral without a sliding window");
  }
  const std::string activation = reader.Text("hidden_act", "silu");
  if (activation != "silu") {
    reader.Unsupported("hidden_act", fmt::format("\"{}\"", activation), "silu");
  }
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    if (reader.Truth(key, false)) reader.Unsupported(key, "true", "false");
  }
  if (const Json* window = reader.Find("sliding_window"); window != nullptr && type == "mistral") {
    reader.Unsupported("sliding_window", window->dump(), "null");
  }
  if (reader.Positive("partial_rotary_factor", 1.0) != 1.0) {
    reader.Unsupported("partial_rotary_factor", "not 1", "1");
  }
}

// Older files have "rope_theta" and "rope_scaling", newer ones "rope_parameters" with both.
void ReadRotary(Reader& reader, const std::string& path, ModelConfig* config) {
  config->rotary_base = reader.Positive("rope_theta", config->rotary_base);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const Json* rotary = reader.Find(key);
    if (rotary == nullptr) continue;
    if (!rotary->is_object()) {
      reader.Refuse(key, "expected an object", rotary);
      continue;
    }
    Reader inner(*rotary, path);
    config->rotary_base = inner.Positive("rope_theta", config->rotary_base);
    const std::string type = inner.Text("rope_type", inner.Text("type", "default"));
    if (type == "linear") {
      config->rotary_factor = inner.Positive("factor");
    } else if (type == "llama3") {
      const auto number = [&](const char* name) {
        return static_cast<float>(inner.Positive(name));
      };
      const Llama3Scaling scaling = {number("factor"), number("low_freq_factor"),
                                     number("high_freq_factor"),
                                     number("original_max_position_embeddings")};
      if (scaling.high_frequency_factor <= scaling.low_frequency_factor) {
        inner.Refuse("high_freq_factor", "expected more than low_freq_factor",
                     inner.Find("high_freq_factor"));
      }
      config->llama3_scaling = scaling;
    } else if (type != "default") {
      reader.Unsupported(key, fmt::format("\"{}\"", type), "default, linear, llama3");
    }
    reader.Take(inner.status());
  }
}

}  // namespace

absl::StatusOr<Json> ReadJsonObject(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const std::string message = fmt::format("{}: cannot open: {}", path, std::strerror(errno));
    return errno == ENOENT ? absl::NotFoundError(message) : absl::PermissionDeniedError(message);
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return json;
  return absl::DataLossError(fmt::format("{}: expected a JSON object, found {}", path,
                                         json.is_discarded() ? "no JSON" : json.type_name()));
}

absl::StatusOr<ModelConfig> ReadHuggingFaceConfig(const Json& json, const std::string& path) {
  Reader reader(json, path);
  CheckSupported(reader);
  if (!reader.status().ok()) return reader.status();
  ModelConfig config;
  config.blocks = static_cast<int>(reader.Natural("num_hidden_layers"));
  config.hidden = reader.Natural("hidden_size");
  config.feed_forward = reader.Natural("intermediate_size");
  config.vocabulary = reader.Natural("vocab_size");
  config.heads = reader.Natural("num_attention_heads");
  config.key_value_heads = reader.Natural("num_key_value_heads", config.heads);
  config.head_dimension = reader.Natural("head_dim", config.hidden / config.heads);
  config.norm_epsilon = reader.Positive("rms_norm_eps", 1e-6);
  config.tied = reader.Truth("tie_word_embeddings", false);
  ReadRotary(reader, path, &config);
  if (!reader.status().ok()) return reader.status();
  if (absl::Status status = CheckHeads(config, path); !status.ok()) return status;
  return config;
}

}  // namespace strata::evaluator

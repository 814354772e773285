#include "evaluator/checkpoint/hugging_face_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "evaluator/files/file_system.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

using Json = nlohmann::json;

// Reads keys of one object and remembers the first error.
class Reader {
 public:
  Reader(const Json& json, const std::string& path) : json_(json), path_(path) {}

  // Returns null if the key is absent or null, which transformers treats alike.
  const Json* Find(const char* key) const {
    known_.insert(key);
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }

  bool IsNull(const char* key) const { return json_.contains(key) && Find(key) == nullptr; }

  int64_t Natural(const char* key, std::optional<int64_t> by_default = std::nullopt) {
    const Json* value = Find(key);
    if (value == nullptr && by_default.has_value()) return *by_default;
    // The product of two such numbers fits in 64 bits.
    constexpr int64_t kMaximum = std::numeric_limits<int32_t>::max();
    if (value == nullptr || !value->is_number_unsigned() || value->get<uint64_t>() < 1 ||
        value->get<uint64_t>() > uint64_t{kMaximum}) {
      Refuse(key, fmt::format("expected an integer from 1 to {}", kMaximum), value);
      return 1;
    }
    return value->get<int64_t>();
  }

  // Like Natural, but also accepts 0.
  int64_t Count(const char* key, int64_t by_default) {
    const Json* value = Find(key);
    return value != nullptr && *value == 0 ? 0 : Natural(key, by_default);
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

  void Unsupported(const char* key, const std::string& found, const std::string& supported) {
    status_.Update(absl::UnimplementedError(fmt::format(
        "{}: \"{}\" is {}, which is not supported; supported: {}", path_, key, found, supported)));
  }

  // Marks keys that change nothing because of the value of another key.
  void Know(std::initializer_list<const char*> keys) { known_.insert(keys.begin(), keys.end()); }

  // Takes the error and the unread keys of an object at `place`.
  void Take(const Reader& inner, const std::string& place) {
    status_.Update(inner.status());
    for (const std::string& key : inner.Unread()) {
      unread_inside_.push_back(fmt::format("{}.{}", place, key));
    }
  }

  // Returns the keys, also of objects inside, that nothing has asked for.
  std::vector<std::string> Unread() const {
    std::vector<std::string> unread;
    for (const auto& [key, value] : json_.items()) {
      if (!known_.contains(key)) unread.push_back(key);
    }
    unread.insert(unread.end(), unread_inside_.begin(), unread_inside_.end());
    return unread;
  }

  const absl::Status& status() const { return status_; }

 private:
  const Json& json_;
  const std::string& path_;
  mutable std::set<std::string> known_;  // keys that were asked for or marked
  std::vector<std::string> unread_inside_;
  absl::Status status_;
};

// Keys that have different names in different families.
struct Keys {
  const char* feed_forward = "intermediate_size";
  const char* activation = "hidden_act";
  const char* default_activation = "silu";
};

Keys KeysOf(const ModelFamily& family) {
  const std::string_view name = family.name;
  if (name == "opt") return {"ffn_dim", "activation_function", "relu"};
  if (name == "gemma3_text") return {"intermediate_size", "hidden_activation", "gelu_pytorch_tanh"};
  return {};
}

std::string FamilyNames() {
  std::vector<std::string_view> names;
  for (const ModelFamily& family : ModelFamilies()) names.push_back(family.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

const ModelFamily* ReadFamily(Reader& reader) {
  const std::string type = reader.Text("model_type", "");
  const ModelFamily* family = FamilyOfModelType(type);
  if (family == nullptr) {
    reader.Unsupported("model_type", type.empty() ? "absent" : fmt::format("\"{}\"", type),
                       FamilyNames());
  }
  return family;
}

Activation ReadActivation(Reader& reader, const Keys& keys) {
  const std::string name = reader.Text(keys.activation, keys.default_activation);
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "relu") return Activation::kRelu;
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  reader.Unsupported(keys.activation, fmt::format("\"{}\"", name),
                     "silu, relu, gelu, gelu_new, gelu_pytorch_tanh");
  return Activation::kSilu;
}

// Reads one object that describes a rotary embedding.
void ReadRotaryRule(Reader& reader, const char* key, RotaryEmbedding* rotary) {
  rotary->base = reader.Positive("rope_theta", rotary->base);
  if (reader.Positive("partial_rotary_factor", 1.0) != 1.0) {
    reader.Unsupported("partial_rotary_factor", "not 1", "1");
  }
  const std::string type = reader.Text("rope_type", reader.Text("type", "default"));
  if (type == "linear") {
    rotary->factor = reader.Positive("factor");
  } else if (type == "llama3") {
    const auto number = [&](const char* name) { return static_cast<float>(reader.Positive(name)); };
    const Llama3Scaling scaling = {number("factor"), number("low_freq_factor"),
                                   number("high_freq_factor"),
                                   number("original_max_position_embeddings")};
    if (scaling.high_frequency_factor <= scaling.low_frequency_factor) {
      reader.Refuse("high_freq_factor", "expected more than low_freq_factor",
                    reader.Find("high_freq_factor"));
    }
    rotary->llama3_scaling = scaling;
  } else if (type != "default") {
    reader.Unsupported(key, fmt::format("\"{}\"", type), "default, linear, llama3");
  }
}

// Older files have "rope_theta" and "rope_scaling". Newer files have "rope_parameters", which holds
// both, or holds an object for each kind of block.
void ReadRotary(Reader& reader, const std::string& path, ModelConfig* config) {
  config->rotary.base = reader.Positive("rope_theta", config->rotary.base);
  const auto read = [&](Reader& parent, const char* key, RotaryEmbedding* rotary) {
    const Json* rule = parent.Find(key);
    if (rule == nullptr) return;
    if (!rule->is_object()) {
      parent.Refuse(key, "expected an object", rule);
      return;
    }
    Reader inner(*rule, path);
    ReadRotaryRule(inner, key, rotary);
    reader.Take(inner, &parent == &reader ? key : fmt::format("rope_parameters.{}", key));
  };
  const Json* parameters = reader.Find("rope_parameters");
  const bool by_kind =
      parameters != nullptr && parameters->is_object() &&
      (parameters->contains("full_attention") || parameters->contains("sliding_attention"));
  read(reader, "rope_scaling", &config->rotary);
  if (!by_kind) {
    read(reader, "rope_parameters", &config->rotary);
    return;
  }
  Reader kinds(*parameters, path);
  read(kinds, "full_attention", &config->rotary);
  RotaryEmbedding sliding = config->sliding_rotary.value_or(config->rotary);
  read(kinds, "sliding_attention", &sliding);
  config->sliding_rotary = sliding;
  reader.Take(kinds, "rope_parameters");
}

// Reads which blocks slide from the list of their kinds, if there is one.
void ReadLayerTypes(Reader& reader, ModelConfig* config) {
  const Json* kinds = reader.Find("layer_types");
  if (kinds == nullptr) return;
  const std::string expected =
      fmt::format("expected {} of \"full_attention\" and \"sliding_attention\"", config->blocks);
  if (!kinds->is_array() || kinds->size() != static_cast<size_t>(config->blocks)) {
    reader.Refuse("layer_types", expected, kinds);
    return;
  }
  config->slides.clear();
  for (const Json& kind : *kinds) {
    if (kind != "full_attention" && kind != "sliding_attention") {
      reader.Refuse("layer_types", expected, &kind);
      return;
    }
    config->slides.push_back(kind == "sliding_attention");
  }
}

// Missing numbers have the defaults of transformers.
void ReadSliding(Reader& reader, ModelConfig* config) {
  constexpr int64_t kUsualWindow = 4096;
  const std::string_view family = config->family->name;
  const bool is_qwen = family == "qwen2" || family == "qwen3";
  if (family == "llama") return;
  if (is_qwen) reader.Know({"sliding_window", "max_window_layers", "layer_types"});
  if (is_qwen && !reader.Truth("use_sliding_window", false)) return;
  if (reader.IsNull("sliding_window")) return;
  config->sliding_window = reader.Natural("sliding_window", kUsualWindow);
  if (family == "mistral") return;
  if (is_qwen) {
    const int64_t first = reader.Count("max_window_layers", 28);
    for (int block = 0; block < config->blocks; ++block) config->slides.push_back(block >= first);
  } else {
    const int64_t period =
        reader.Natural("_sliding_window_pattern", reader.Natural("sliding_window_pattern", 6));
    for (int block = 0; block < config->blocks; ++block) {
      config->slides.push_back((block + 1) % period != 0);
    }
  }
  ReadLayerTypes(reader, config);
}

void ReadGemma3(Reader& reader, ModelConfig* config) {
  for (const char* key : {"final_logit_softcapping", "attn_logit_softcapping"}) {
    if (const Json* value = reader.Find(key)) reader.Unsupported(key, value->dump(), "null");
  }
  if (reader.Truth("use_bidirectional_attention", false)) {
    reader.Unsupported("use_bidirectional_attention", "true", "false");
  }
  config->query_scalar = reader.Positive("query_pre_attn_scalar", 256);
  config->rotary.base = 1e6;
  config->sliding_rotary = RotaryEmbedding{};
  config->sliding_rotary->base = reader.Positive("rope_local_base_freq", 10000);
}

void ReadWithRotary(Reader& reader, const std::string& path, ModelConfig* config) {
  const std::string_view family = config->family->name;
  const bool is_llama = family == "llama";
  config->key_value_heads = is_llama ? reader.Natural("num_key_value_heads", config->heads)
                                     : reader.Natural("num_key_value_heads");
  const bool has_own_dimension = family == "qwen3" || family == "gemma3_text";
  config->head_dimension = has_own_dimension
                               ? reader.Natural("head_dim")
                               : reader.Natural("head_dim", config->hidden / config->heads);
  config->norm_epsilon = reader.Positive("rms_norm_eps", 1e-6);
  const bool biased = (is_llama || has_own_dimension) && reader.Truth("attention_bias", false);
  config->query_key_value_bias = biased || family == "qwen2";
  config->attention_output_bias = biased;
  config->feed_forward_bias = is_llama && reader.Truth("mlp_bias", false);
  if (reader.Positive("partial_rotary_factor", 1.0) != 1.0) {
    reader.Unsupported("partial_rotary_factor", "not 1", "1");
  }
  if (family == "gemma3_text") ReadGemma3(reader, config);
  ReadSliding(reader, config);
  ReadRotary(reader, path, config);
}

void ReadWithLearnedPositions(Reader& reader, ModelConfig* config) {
  config->key_value_heads = config->heads;
  config->head_dimension = config->hidden / config->heads;
  if (config->hidden % config->heads != 0) {
    reader.Refuse("num_attention_heads", fmt::format("expected a divisor of {}", config->hidden),
                  reader.Find("num_attention_heads"));
  }
  config->learned_positions = reader.Natural("max_position_embeddings", 2048);
  config->norms_after_residual = !reader.Truth("do_layer_norm_before", true);
  config->has_final_norm =
      !config->norms_after_residual && !reader.Truth("_remove_final_layer_norm", false);
  const int64_t width = reader.Natural("word_embed_proj_dim", config->hidden);
  config->embedding_width = width == config->hidden ? 0 : width;
  const bool biased = reader.Truth("enable_bias", true);
  config->query_key_value_bias = biased;
  config->attention_output_bias = biased;
  config->feed_forward_bias = biased;
  if (!reader.Truth("layer_norm_elementwise_affine", true)) {
    reader.Unsupported("layer_norm_elementwise_affine", "false", "true");
  }
}

}  // namespace

absl::StatusOr<Json> ReadJsonObject(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileStatus(errno, "open", path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return json;
  return absl::DataLossError(fmt::format("{}: expected a JSON object, found {}", path,
                                         json.is_discarded() ? "no JSON" : json.type_name()));
}

absl::StatusOr<ModelConfig> ReadHuggingFaceConfig(const Json& json, const std::string& path,
                                                  std::vector<std::string>* unread) {
  Reader reader(json, path);
  ModelConfig config;
  config.family = ReadFamily(reader);
  if (!reader.status().ok()) return reader.status();
  const Keys keys = KeysOf(*config.family);
  constexpr int64_t kMaximumBlocks = 100'000;
  const int64_t blocks = reader.Natural("num_hidden_layers");
  if (blocks > kMaximumBlocks) {
    reader.Refuse("num_hidden_layers", fmt::format("expected at most {}", kMaximumBlocks),
                  reader.Find("num_hidden_layers"));
  }
  config.blocks = static_cast<int>(blocks);
  config.hidden = reader.Natural("hidden_size");
  config.feed_forward = reader.Natural(keys.feed_forward);
  config.vocabulary = reader.Natural("vocab_size");
  config.heads = reader.Natural("num_attention_heads");
  config.activation = ReadActivation(reader, keys);
  const std::string_view family = config.family->name;
  config.tied = reader.Truth("tie_word_embeddings", family == "opt" || family == "gemma3_text");
  if (!reader.status().ok()) return reader.status();
  if (config.family->learned_positions) {
    ReadWithLearnedPositions(reader, &config);
  } else {
    ReadWithRotary(reader, path, &config);
  }
  if (!reader.status().ok()) return reader.status();
  STRATA_RETURN_IF_ERROR(CheckHeads(config, path));
  if (unread != nullptr) *unread = reader.Unread();
  return config;
}

}  // namespace strata::evaluator

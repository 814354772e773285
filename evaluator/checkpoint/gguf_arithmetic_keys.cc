#include "evaluator/checkpoint/gguf_arithmetic_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// A key without its architecture, and the values that leave the forward pass as it is.
struct ArithmeticKey {
  std::string_view name;
  std::vector<double> neutral;
};

// Names and meanings are those of GGUF's specification and of llama.cpp.
const std::vector<ArithmeticKey>& Keys() {
  static const std::vector<ArithmeticKey> keys = {
      {"use_parallel_residual", {0}},
      {"swin_norm", {0}},
      {"rescale_every_n_layers", {0}},
      {"residual_scale", {0, 1}},
      {"embedding_scale", {0, 1}},
      {"logit_scale", {0, 1}},
      {"attn_logit_softcapping", {0}},
      {"final_logit_softcapping", {0}},
      {"router_logit_softcapping", {0}},
      {"activation_sparsity_scale", {0}},
      {"embedding_length_per_layer_input", {0}},
      {"altup.num_inputs", {0}},
      {"swiglu_clamp_exp", {0}},
      {"swiglu_clamp_shexp", {0}},
      {"token_shift_count", {0}},
      {"nextn_predict_layers", {0}},
      {"n_deepstack_layers", {0}},
      {"full_attention_interval", {0, 1}},
      {"attention.causal", {1}},
      {"attention.clamp_kqv", {0}},
      {"attention.max_alibi_bias", {0}},
      {"attention.output_scale", {0, 1}},
      {"attention.temperature_length", {0}},
      {"attention.temperature_scale", {0}},
      {"attention.relative_buckets_count", {0}},
      {"attention.shared_kv_layers", {0}},
      {"attention.q_lora_rank", {0}},
      {"attention.kv_lora_rank", {0}},
      {"attention.key_length_mla", {0}},
      {"attention.value_length_mla", {0}},
      {"attention.indexer.top_k", {0}},
      {"rope.dimension_sections", {0}},
      {"rope.scaling.alpha", {0, 1}},
      {"rope.scaling.attn_factor", {1}},
      {"rope.scaling.yarn_log_multiplier", {0}},
      {"rope.scaling.yarn_ext_factor", {0, -1}},
      {"rope.scaling.yarn_attn_factor", {1}},
  };
  return keys;
}

// Returns the numbers of a value, where true is 1; nullopt if it is a text or holds texts.
std::optional<std::vector<double>> NumbersOf(const GgufValue& value) {
  return std::visit(
      [](const auto& found) -> std::optional<std::vector<double>> {
        using T = std::decay_t<decltype(found)>;
        if constexpr (std::is_arithmetic_v<T>) {
          return std::vector<double>{static_cast<double>(found)};
        } else if constexpr (std::is_same_v<T, std::vector<int64_t>> ||
                             std::is_same_v<T, std::vector<double>>) {
          return std::vector<double>(found.begin(), found.end());
        } else {
          return std::nullopt;
        }
      },
      value);
}

std::string TextOf(const GgufValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("\"{}\"", *text);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  const std::optional<std::vector<double>> numbers = NumbersOf(value);
  if (!numbers.has_value()) return "a list of texts";
  constexpr size_t kShown = 8;
  if (numbers->size() == 1) return fmt::format("{:g}", numbers->front());
  const std::vector<double> first(numbers->begin(),
                                  numbers->begin() + std::min(numbers->size(), kShown));
  return fmt::format("[{:g}{}]", fmt::join(first, ", "), numbers->size() > kShown ? ", ..." : "");
}

absl::Status Refuse(const GgufFile& file, const std::string& key, const GgufValue& value,
                    const std::string& supported) {
  return absl::UnimplementedError(fmt::format("{}: {} is {}, which is not supported; supported: {}",
                                              file.path(), key, TextOf(value), supported));
}

// Accepts the number of a period or one flag for each block.
bool IsUsualPattern(const GgufValue& value, const ModelConfig& config) {
  const std::optional<std::vector<double>> numbers = NumbersOf(value);
  if (!numbers.has_value()) return false;
  if (numbers->size() == 1 && config.blocks != 1) return numbers->front() == kUsualGgufPeriod;
  const std::vector<bool> usual = UsualGgufSliding(config.blocks);
  return std::ranges::equal(*numbers, usual,
                            [](double found, bool slides) { return found == (slides ? 1 : 0); });
}

constexpr std::array<std::string_view, 4> kHeadWidths = {
    "attention.value_length", "attention.key_length_swa", "attention.value_length_swa",
    "rope.dimension_count_swa"};
constexpr std::string_view kScale = "attention.scale";
constexpr std::string_view kWindow = "attention.sliding_window";
constexpr std::string_view kPattern = "attention.sliding_window_pattern";

// Keys whose neutral value follows from the model.
absl::Status CheckAgainstModel(const GgufFile& file, const std::string& key, std::string_view name,
                               const GgufValue& value, const ModelConfig& config) {
  const std::optional<std::vector<double>> numbers = NumbersOf(value);
  const auto is = [&](double expected) {
    return numbers.has_value() &&
           std::ranges::all_of(*numbers, [&](double found) { return found == expected; });
  };
  const auto width = static_cast<double>(config.head_dimension);
  const bool is_width = std::ranges::find(kHeadWidths, name) != kHeadWidths.end();
  if (is_width && !is(width)) return Refuse(file, key, value, fmt::format("{}", width));
  if (name == kScale) {
    const bool is_same =
        numbers.has_value() && numbers->size() == 1 &&
        static_cast<float>(numbers->front()) == static_cast<float>(config.attention_scale());
    if (!is(0) && !is_same) {
      return Refuse(file, key, value, fmt::format("0, {:g}", config.attention_scale()));
    }
  }
  const bool slides = config.family->gguf_has_sliding_window;
  if (name == kWindow && !slides && !is(0)) {
    return Refuse(file, key, value, fmt::format("0 for \"{}\"", config.family->gguf));
  }
  if (name == kPattern && config.sliding_window > 0 && !IsUsualPattern(value, config)) {
    return Refuse(file, key, value, fmt::format("{}", kUsualGgufPeriod));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsArithmeticKey(std::string_view name) {
  return std::ranges::find(Keys(), name, &ArithmeticKey::name) != Keys().end() ||
         std::ranges::find(kHeadWidths, name) != kHeadWidths.end() || name == kScale ||
         name == kWindow || name == kPattern;
}

absl::Status CheckArithmeticKeys(const GgufFile& file, const ModelConfig& config) {
  for (const auto& [key, value] : file.metadata()) {
    const size_t dot = key.find('.');
    if (dot == std::string::npos) continue;
    const std::string_view name = std::string_view(key).substr(dot + 1);
    STRATA_RETURN_IF_ERROR(CheckAgainstModel(file, key, name, value, config));
    const auto known = std::ranges::find(Keys(), name, &ArithmeticKey::name);
    if (known == Keys().end()) continue;
    const std::optional<std::vector<double>> numbers = NumbersOf(value);
    const auto is_neutral = [&](double number) {
      return std::ranges::find(known->neutral, number) != known->neutral.end();
    };
    if (numbers.has_value() && std::ranges::all_of(*numbers, is_neutral)) continue;
    return Refuse(file, key, value, fmt::format("{}", fmt::join(known->neutral, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator

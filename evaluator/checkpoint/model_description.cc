#include "evaluator/checkpoint/model_description.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "evaluator/checkpoint/checkpoint.h"
#include "evaluator/checkpoint/gguf_arithmetic_keys.h"
#include "evaluator/checkpoint/hugging_face_config.h"
#include "evaluator/formats/gguf_file.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// Keys of config.json that transformers writes and that change no logit of a text: names, training,
// special tokens, what a call returns, defaults of generation, and the length of texts, which a
// rotary embedding does not depend on here.
constexpr auto kHarmlessConfigKeys = std::to_array<std::string_view>({
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_name_or_path",
    "activation_dropout",
    "add_cross_attention",
    "architectures",
    "attention_dropout",
    "attn_implementation",
    "bad_words_ids",
    "begin_suppress_tokens",
    "bos_token_id",
    "cache_implementation",
    "chunk_size_feed_forward",
    "cross_attention_hidden_size",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "dropout",
    "dtype",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "hidden_dropout",
    "id2label",
    "init_std",
    "initializer_range",
    "is_decoder",
    "is_encoder_decoder",
    "label2id",
    "layerdrop",
    "length_penalty",
    "max_length",
    "max_position_embeddings",
    "min_length",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_labels",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "pad_token_id",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "remove_invalid_values",
    "repetition_penalty",
    "return_dict",
    "return_dict_in_generate",
    "sep_token_id",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tie_encoder_decoder",
    "tokenizer_class",
    "top_k",
    "top_p",
    "torch_dtype",
    "torchscript",
    "transformers_version",
    "transformers_weights",  // a value is refused
    "typical_p",
    "use_bfloat16",
    "use_cache",
});

// Keys of GGUF without their architecture: the length of texts, and the size of the tables.
constexpr auto kHarmlessArchitectureKeys = std::to_array<std::string_view>({
    "context_length",
    "expert_used_count",    // experts are refused
    "rope.scaling.factor",  // read unless the rule is "none"
    "rope.scaling.finetuned", "rope.scaling.original_context_length",
    "vocab_size",  // the rows of the embedding count
});

// Keys of a GGUF tokenizer that evaluator/tokenizer/ reads, and ids of tokens that it does not
// need.
constexpr auto kTokenizerKeys = std::to_array<std::string_view>({
    "tokenizer.chat_template",
    "tokenizer.chat_templates",
    "tokenizer.ggml.add_bos_token",
    "tokenizer.ggml.add_eos_token",
    "tokenizer.ggml.add_space_prefix",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eom_token_id",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.fim_mid_token_id",
    "tokenizer.ggml.fim_pad_token_id",
    "tokenizer.ggml.fim_pre_token_id",
    "tokenizer.ggml.fim_rep_token_id",
    "tokenizer.ggml.fim_sep_token_id",
    "tokenizer.ggml.fim_suf_token_id",
    "tokenizer.ggml.merges",
    "tokenizer.ggml.model",
    "tokenizer.ggml.padding_token_id",
    "tokenizer.ggml.pre",
    "tokenizer.ggml.scores",
    "tokenizer.ggml.token_type",
    "tokenizer.ggml.tokens",
    "tokenizer.ggml.unknown_token_id",
});

template <typename Names>
bool Holds(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool IsKnownGgufKey(const std::string& key, const ModelConfig& config,
                    const std::set<std::string>& asked) {
  if (asked.contains(key) || Holds(kTokenizerKeys, key)) return true;
  for (const std::string_view prefix : {"general.", "quantize.", "tokenizer.chat_template."}) {
    if (key.starts_with(prefix)) return true;
  }
  const size_t dot = std::min(key.find('.'), key.size());
  const std::string_view name = std::string_view(key).substr(std::min(dot + 1, key.size()));
  if (IsArithmeticKey(name)) return true;
  return key.substr(0, dot) == config.family->gguf && Holds(kHarmlessArchitectureKeys, name);
}

absl::StatusOr<std::vector<std::string>> UnknownGgufKeys(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(const auto file, GgufFile::Open(path));
  std::set<std::string> asked;
  STRATA_ASSIGN_OR_RETURN(const ModelConfig config, ReadGgufConfig(*file, &asked));
  std::vector<std::string> unknown;
  for (const auto& [key, value] : file->metadata()) {
    if (!IsKnownGgufKey(key, config, asked)) unknown.push_back(key);
  }
  return unknown;
}

absl::StatusOr<std::vector<std::string>> UnknownConfigKeys(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(const nlohmann::json json, ReadJsonObject(path));
  std::vector<std::string> unread;
  STRATA_RETURN_IF_ERROR(ReadHuggingFaceConfig(json, path, &unread).status());
  std::erase_if(unread, [](const std::string& key) { return Holds(kHarmlessConfigKeys, key); });
  std::ranges::sort(unread);
  return unread;
}

}  // namespace

absl::StatusOr<ModelDescription> DescribeModel(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> checkpoint, OpenCheckpoint(path));
  ModelDescription description;
  description.name = checkpoint->model_name();
  description.config = checkpoint->config();
  description.notes = checkpoint->notes();
  for (const NamedShape& tensor : TensorsOf(description.config)) {
    int64_t numbers = 1;
    for (const int64_t size : tensor.shape) numbers *= size;
    description.parameters += numbers;
    if (tensor.is_linear) description.prunable_weights += numbers;
    const auto format = checkpoint->FormatOf(tensor.name);
    ++description.type_tensors[format.has_value() ? NameOf(*format) : "quantised"];
  }
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(path, ignored);
  description.keys_file = is_folder ? (std::filesystem::path(path) / "config.json").string() : path;
  STRATA_ASSIGN_OR_RETURN(description.unknown_keys, is_folder
                                                        ? UnknownConfigKeys(description.keys_file)
                                                        : UnknownGgufKeys(path));
  return description;
}

}  // namespace strata::evaluator

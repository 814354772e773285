#include "evaluator/checkpoint/model_family.h"

#include <algorithm>
#include <string>

namespace strata::evaluator {
namespace {

// The tensor names of LLaMA. Many later families use the same.
constexpr std::array<TensorNames, kBlockRoles> kLlamaBlock = {
    {{"self_attn.q_proj", "attn_q"},
     {"self_attn.k_proj", "attn_k"},
     {"self_attn.v_proj", "attn_v"},
     {"self_attn.o_proj", "attn_output"},
     {"mlp.gate_proj", "ffn_gate"},
     {"mlp.up_proj", "ffn_up"},
     {"mlp.down_proj", "ffn_down"},
     {"input_layernorm", "attn_norm"},
     {"post_attention_layernorm", "ffn_norm"}}};

constexpr std::array<TensorNames, kModelRoles> kLlamaModel = {{{"model.embed_tokens", "token_embd"},
                                                               {},
                                                               {},
                                                               {},
                                                               {"model.norm", "output_norm"},
                                                               {"lm_head", "output"}}};

constexpr std::array<TensorNames, kBlockRoles> With(std::array<TensorNames, kBlockRoles> names,
                                                    BlockPart part, TensorNames of_part) {
  names[static_cast<size_t>(part)] = of_part;
  return names;
}

constexpr std::array<TensorNames, kBlockRoles> kQueryKeyNormBlock =
    With(With(kLlamaBlock, BlockPart::kQueryNorm, {"self_attn.q_norm", "attn_q_norm"}),
         BlockPart::kKeyNorm, {"self_attn.k_norm", "attn_k_norm"});

constexpr std::array<TensorNames, kBlockRoles> kGemma3Block =
    With(With(With(kQueryKeyNormBlock, BlockPart::kFeedForwardNorm,
                   {"pre_feedforward_layernorm", "ffn_norm"}),
              BlockPart::kAttentionOutputNorm, {"post_attention_layernorm", "post_attention_norm"}),
         BlockPart::kFeedForwardOutputNorm, {"post_feedforward_layernorm", "post_ffw_norm"});

constexpr std::array<TensorNames, kBlockRoles> kOptBlock = {{{"self_attn.q_proj"},
                                                             {"self_attn.k_proj"},
                                                             {"self_attn.v_proj"},
                                                             {"self_attn.out_proj"},
                                                             {},
                                                             {"fc1"},
                                                             {"fc2"},
                                                             {"self_attn_layer_norm"},
                                                             {"final_layer_norm"}}};

constexpr std::array<TensorNames, kModelRoles> kOptModel = {{{"model.decoder.embed_tokens"},
                                                             {"model.decoder.embed_positions"},
                                                             {"model.decoder.project_in"},
                                                             {"model.decoder.project_out"},
                                                             {"model.decoder.final_layer_norm"},
                                                             {"lm_head"}}};

constexpr ModelFamily kFamilies[] = {
    {.name = "llama",
     .gguf = "llama",
     .block_prefix = "model.layers",
     .gguf_interleaves = true,
     .block = kLlamaBlock,
     .model = kLlamaModel},
    {.name = "mistral",
     .gguf = "llama",
     .block_prefix = "model.layers",
     .gguf_interleaves = true,
     .block = kLlamaBlock,
     .model = kLlamaModel},
    {.name = "qwen2",
     .gguf = "qwen2",
     .block_prefix = "model.layers",
     .block = kLlamaBlock,
     .model = kLlamaModel},
    {.name = "qwen3",
     .gguf = "qwen3",
     .block_prefix = "model.layers",
     .block = kQueryKeyNormBlock,
     .model = kLlamaModel},
    {.name = "gemma3_text",
     .gguf = "gemma3",
     .block_prefix = "model.layers",
     .norm = NormKind::kRmsPlusOne,
     .scales_embedding = true,
     .gguf_has_sliding_window = true,
     .block = kGemma3Block,
     .model = kLlamaModel},
    {.name = "opt",
     .block_prefix = "model.decoder.layers",
     .norm = NormKind::kLayer,
     .learned_positions = true,
     .position_offset = 2,
     .block = kOptBlock,
     .model = kOptModel},
};

}  // namespace

std::span<const ModelFamily> ModelFamilies() { return kFamilies; }

const ModelFamily& LlamaFamily() { return kFamilies[0]; }

const ModelFamily* FamilyOfModelType(std::string_view model_type) {
  const auto* found = std::ranges::find(kFamilies, model_type, &ModelFamily::name);
  return found == std::end(kFamilies) ? nullptr : found;
}

const ModelFamily* FamilyOfGguf(std::string_view architecture) {
  const auto* found = std::ranges::find_if(kFamilies, [&](const ModelFamily& family) {
    return family.gguf != nullptr && family.gguf == architecture;
  });
  return found == std::end(kFamilies) ? nullptr : found;
}

}  // namespace strata::evaluator

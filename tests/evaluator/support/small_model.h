// Small models of the LLaMA family that a test can write to a file, whole or inconsistent.
#ifndef STRATA_TESTS_EVALUATOR_SUPPORT_SMALL_MODEL_H_
#define STRATA_TESTS_EVALUATOR_SUPPORT_SMALL_MODEL_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace strata::evaluator {

// A model of width 8 with one block, 12 feed-forward rows, and two query heads of dimension 4 that
// share keys and values. Its tokenizer has single bytes: 258 tokens. All weights are float32 and
// positive.
struct SmallModel {
  // Unsigned numbers of the header, by key.
  std::map<std::string, uint32_t> header = {
      {"llama.block_count", 1},          {"llama.embedding_length", 8},
      {"llama.feed_forward_length", 12}, {"llama.attention.head_count", 2},
      {"llama.rope.dimension_count", 4}, {"llama.attention.head_count_kv", 1},
      {"tokenizer.ggml.bos_token_id", 1}};
  // Real numbers of the header, by key.
  std::map<std::string, float> reals = {{"llama.attention.layer_norm_rms_epsilon", 1e-5f}};
  // Texts of the header, by key.
  std::map<std::string, std::string> texts = {{"general.architecture", "llama"}};
  // Name of a tensor that is left out.
  std::string without;
  // Values for the last weight of tensors, by name.
  std::map<std::string, float> last_weight;
  // If not negative, a token whose row of output.weight is so far below zero that its logit
  // overflows. The loss is infinite at every place where the text has this token, and finite
  // elsewhere.
  int64_t impossible_token = -1;
  int64_t embedding_rows = 258;

  std::string Gguf() const;  // the bytes of the file
};

// Returns a model of kWaveBlocks blocks whose weights are waves, so that any program can compute
// them. It has width 16, four query heads of dimension 4 in two groups, 24 feed-forward rows, and
// the tokenizer of SmallModel. Element i (row-major, as in the file) of tensor t, counted from 0 in
// the order of the file, is a sin(1.3 i + 0.37 t + 0.1 (i^2 mod 17)) with a = 0.4, or a = 1 for the
// embedding. Norm weights are 1 + 0.1 sin(...). The file holds token_embd, output_norm, output,
// then for each block attn_norm, attn_q, attn_k, attn_v, attn_output, ffn_norm, ffn_gate, ffn_up,
// ffn_down.
inline constexpr int kWaveBlocks = 3;
std::string WaveModelGguf();

// Returns `count` sequences: token i of sequence s is (71 s + 13 i^2 + 7 i) mod 258.
std::vector<std::vector<int32_t>> WaveSequences(int count, int tokens);

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_SUPPORT_SMALL_MODEL_H_

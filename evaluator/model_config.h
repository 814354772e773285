// The numbers that describe a model of the LLaMA family, and the names and shapes of its tensors.
#ifndef STRATA_EVALUATOR_MODEL_CONFIG_H_
#define STRATA_EVALUATOR_MODEL_CONFIG_H_

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace strata::evaluator {

class GgufFile;

// LLaMA 3.1's scaled rotary embedding: wavelengths below original_positions / high_frequency_factor
// stay, those above original_positions / low_frequency_factor become `factor` times as long,
// between the two the share of each goes linearly with the frequency.
struct Llama3Scaling {
  float factor = 8;
  float low_frequency_factor = 1;
  float high_frequency_factor = 4;
  float original_positions = 8192;
};

struct ModelConfig {
  int blocks = 0;
  int64_t hidden = 0;
  int64_t feed_forward = 0;
  int64_t vocabulary = 0;  // rows of the embedding
  int64_t heads = 0;
  int64_t key_value_heads = 0;  // divides heads
  int64_t head_dimension = 0;   // even
  double rotary_base = 10000;
  double rotary_factor = 1;  // divides every frequency of the rotary embedding
  std::optional<Llama3Scaling> llama3_scaling;
  std::vector<float> rotary_divisors;  // of each frequency, head_dimension / 2; empty: all 1
  double norm_epsilon = 1e-5;
  bool tied = false;  // the output head is the embedding

  int64_t query_rows() const { return heads * head_dimension; }
  int64_t key_value_rows() const { return key_value_heads * head_dimension; }
};

// Frequencies of the rotary embedding in radians per position, head_dimension / 2. Every step is
// float32 as in transformers: far from the start a unit in the last place turns a head visibly.
std::vector<float> RotaryFrequencies(const ModelConfig& config);

// What divides each frequency that `config` would have without llama3_scaling; what GGUF stores.
std::vector<float> RotaryDivisors(const ModelConfig& config);

// Tensors of a block: the prunable linears in ModelSummary's order, then the norms.
constexpr int kBlockTensors = 9;
struct BlockTensorName {
  const char* hugging_face;  // between "model.layers.N." and ".weight"
  const char* gguf;          // between "blk.N." and ".weight"
};
constexpr BlockTensorName kBlockTensorNames[kBlockTensors] = {
    {"self_attn.q_proj", "attn_q"},          {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},          {"self_attn.o_proj", "attn_output"},
    {"mlp.gate_proj", "ffn_gate"},           {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},           {"input_layernorm", "attn_norm"},
    {"post_attention_layernorm", "ffn_norm"}};

// The tensor of a GGUF file that holds ModelConfig::rotary_divisors.
constexpr const char* kRotaryDivisorsName = "rope_freqs.weight";

// Tensors outside the blocks, by the names that Hugging Face checkpoints use.
constexpr const char* kEmbeddingName = "model.embed_tokens.weight";
constexpr const char* kFinalNormName = "model.norm.weight";
constexpr const char* kHeadName = "lm_head.weight";

// "model.layers.3.mlp.up_proj.weight" for tensor 5 of block 3.
std::string BlockTensor(int block, int tensor);

// Shapes that the configuration gives the tensors of every block.
std::array<std::vector<int64_t>, kBlockTensors> BlockShapes(const ModelConfig& config);

// Every tensor of a model, in the order in which a forward pass needs them.
struct NamedShape {
  std::string name;
  std::vector<int64_t> shape;
};
std::vector<NamedShape> TensorsOf(const ModelConfig& config);

// InvalidArgument unless key-value heads divide heads and the head dimension is even and at least
// 2. `where` names the file.
absl::Status CheckHeads(const ModelConfig& config, const std::string& where);

// From the metadata of a GGUF file. Unimplemented: another architecture, mixture of experts,
// partial rotary embeddings or ones scaled by other rules than a factor or a divisor for each
// frequency, biases (each named). NotFound: a missing number or tensor. InvalidArgument: an
// impossible number, one that the shape of a weight tensor does not agree with, or more tokens in
// the tokenizer than rows in the embedding. So memory for a tensor whose size follows from an
// accepted configuration is in proportion to the file.
absl::StatusOr<ModelConfig> ReadGgufConfig(const GgufFile& file);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_CONFIG_H_

// The numbers that describe one model, and the names and shapes of its tensors.
#ifndef STRATA_EVALUATOR_MODEL_CONFIG_H_
#define STRATA_EVALUATOR_MODEL_CONFIG_H_

#include <absl/status/statusor.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/checkpoint/model_family.h"

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

struct RotaryEmbedding {
  double base = 10000;
  double factor = 1;  // divides every frequency
  std::optional<Llama3Scaling> llama3_scaling;
  std::vector<float> divisors;  // of each frequency, head_dimension / 2; empty: all 1
};

enum class Activation { kSilu, kRelu, kGelu, kGeluTanh };

struct ModelConfig {
  const ModelFamily* family = &LlamaFamily();
  int blocks = 0;
  int64_t hidden = 0;
  int64_t feed_forward = 0;
  int64_t vocabulary = 0;  // rows of the embedding
  int64_t heads = 0;
  int64_t key_value_heads = 0;  // divides heads
  int64_t head_dimension = 0;   // even where positions are rotary
  Activation activation = Activation::kSilu;
  bool query_key_value_bias = false;
  bool attention_output_bias = false;
  bool feed_forward_bias = false;
  double query_scalar = 0;  // scores are divided by its square root; 0: by that of head_dimension
  double norm_epsilon = 1e-5;
  bool norms_after_residual = false;  // post-norm: sums with the residual are normalised
  bool has_final_norm = true;
  int64_t embedding_width = 0;  // where it is not `hidden` but projected; 0: hidden
  bool tied = false;            // the output head is the embedding

  int64_t learned_positions = 0;  // where the family has them; tokens beyond are refused
  RotaryEmbedding rotary;
  // A token of a sliding block sees itself and the sliding_window - 1 before it.
  int64_t sliding_window = 0;     // 0: no block slides
  std::vector<bool> slides = {};  // per block; empty: all, where sliding_window is not 0
  std::optional<RotaryEmbedding> sliding_rotary = {};  // of sliding blocks, where it differs

  int64_t query_rows() const { return heads * head_dimension; }
  int64_t key_value_rows() const { return key_value_heads * head_dimension; }
  bool gated() const { return family->Has(BlockRole::kGate); }
  int linears_per_block() const { return gated() ? 7 : 6; }
  int64_t embedding_columns() const { return embedding_width > 0 ? embedding_width : hidden; }
  // Attention scores are multiplied by it.
  double attention_scale() const {
    return 1 / std::sqrt(query_scalar > 0 ? query_scalar : static_cast<double>(head_dimension));
  }
  bool Slides(int block) const {
    return sliding_window > 0 && (slides.empty() || slides[static_cast<size_t>(block)]);
  }
};

// The role of linear 0 ... linears_per_block() - 1, in ModelSummary's order.
constexpr int kMaximumLinears = 7;
BlockRole RoleOf(const ModelConfig& config, int linear);

// Frequencies of a rotary embedding in radians per position, head_dimension / 2. Every step is
// float32 as in transformers: far from the start a unit in the last place turns a head visibly.
std::vector<float> RotaryFrequencies(const RotaryEmbedding& rotary, int64_t head_dimension);

// What divides each frequency that the embedding would have without llama3_scaling; what GGUF
// stores.
std::vector<float> RotaryDivisors(const RotaryEmbedding& rotary, int64_t head_dimension);

// The tensor of a GGUF file that holds RotaryEmbedding::divisors.
constexpr const char* kRotaryDivisorsName = "rope_freqs.weight";

// How a GGUF file stores what a Hugging Face checkpoint has under the same role.
enum class GgufForm { kSame, kInterleavedRows, kOneAdded };

// One tensor of a model.
struct NamedShape {
  std::string name;  // Hugging Face
  std::vector<int64_t> shape;
  std::string gguf = {};  // empty where GGUF has none
  GgufForm gguf_form = GgufForm::kSame;
  bool is_linear = false;  // prunable
};

// Tensors of a block: its linears in ModelSummary's order, then norms and biases. The names lack
// the prefix of the block.
struct BlockTensor {
  BlockRole role = BlockRole::kQuery;
  bool is_bias = false;
  std::vector<int64_t> shape;
};
std::vector<BlockTensor> BlockTensorsOf(const ModelConfig& config);

// "model.layers.3.mlp.up_proj.weight".
std::string BlockTensorName(const ModelConfig& config, int block, BlockRole role,
                            bool is_bias = false);
std::string LinearName(const ModelConfig& config, int block, int linear);

// "model.embed_tokens.weight".
std::string ModelTensorName(const ModelConfig& config, ModelRole role, bool is_bias = false);

// Every tensor of a model, in the order in which a forward pass needs them.
std::vector<NamedShape> TensorsOf(const ModelConfig& config);

// InvalidArgument unless key-value heads divide heads and the head dimension is at least 2, and
// even for a rotary embedding. `where` names the file.
absl::Status CheckHeads(const ModelConfig& config, const std::string& where);

// OutOfRange for a sequence of more tokens than the model has positions.
absl::Status CheckPositions(const ModelConfig& config, int64_t tokens);

// What the metadata of a GGUF file leave to the architecture: which blocks slide, where any do; the
// activation function; ModelConfig::query_scalar.
std::vector<bool> UsualGgufSliding(int blocks);
Activation UsualGgufActivation(const ModelFamily& family);
double UsualGgufQueryScalar(const ModelConfig& config);

// From the metadata of a GGUF file. Unimplemented: another architecture, mixture of experts,
// partial rotary embeddings or ones scaled by other rules than a factor or a divisor for each
// frequency, biases that the family has not (each named). NotFound: a missing number or tensor.
// InvalidArgument: an impossible number, one that the shape of a weight tensor does not agree with,
// or more tokens in the tokenizer than rows in the embedding. So memory for a tensor whose size
// follows from an accepted configuration is in proportion to the file.
absl::StatusOr<ModelConfig> ReadGgufConfig(const GgufFile& file);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_CONFIG_H_

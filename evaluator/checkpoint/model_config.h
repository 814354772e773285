// The numbers that describe one model, and the names and shapes of its tensors.
#ifndef STRATA_EVALUATOR_CHECKPOINT_MODEL_CONFIG_H_
#define STRATA_EVALUATOR_CHECKPOINT_MODEL_CONFIG_H_

#include <absl/status/statusor.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "evaluator/checkpoint/model_family.h"

namespace strata::evaluator {

class GgufFile;

// The scaled rotary embedding of LLaMA 3.1. Wavelengths below original_positions /
// high_frequency_factor stay. Those above original_positions / low_frequency_factor become `factor`
// times as long. Between the two, the share of each changes linearly with the frequency.
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
  std::vector<float> divisors;  // head_dimension / 2, one per frequency; empty: all 1
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
  int64_t head_dimension = 0;   // even if positions are rotary
  Activation activation = Activation::kSilu;
  bool query_key_value_bias = false;
  bool attention_output_bias = false;
  bool feed_forward_bias = false;
  double query_scalar = 0;  // scores are divided by its square root; 0: head_dimension
  double norm_epsilon = 1e-5;
  bool norms_after_residual = false;  // post-norm: sums with the residual are normalised
  bool has_final_norm = true;
  int64_t embedding_width = 0;  // other than `hidden`, and projected to it; 0: `hidden`
  bool tied = false;            // the output head is the embedding

  int64_t learned_positions = 0;  // if the family has them; further tokens are refused
  RotaryEmbedding rotary;
  // A token in a sliding block sees itself and the sliding_window - 1 tokens before it.
  int64_t sliding_window = 0;     // 0: no block slides
  std::vector<bool> slides = {};  // per block; empty: all, if sliding_window is not 0
  std::optional<RotaryEmbedding> sliding_rotary = {};  // of sliding blocks, if it differs

  int64_t query_rows() const { return heads * head_dimension; }
  int64_t key_value_rows() const { return key_value_heads * head_dimension; }
  bool gated() const { return family->Has(BlockPart::kGate); }
  int linears_per_block() const { return gated() ? 7 : 6; }
  int64_t embedding_columns() const { return embedding_width > 0 ? embedding_width : hidden; }
  // The factor by which attention scores are multiplied.
  double attention_scale() const {
    return 1 / std::sqrt(query_scalar > 0 ? query_scalar : static_cast<double>(head_dimension));
  }
  bool Slides(int block) const {
    return sliding_window > 0 && (slides.empty() || slides[static_cast<size_t>(block)]);
  }
};

// The largest number of linears in a block.
constexpr int kMaximumLinears = 7;
// Returns which part of a block linear `linear` is: 0 to linears_per_block() - 1, in the order of
// ModelSummary.
BlockPart PartOf(const ModelConfig& config, int linear);

// Returns the head_dimension / 2 frequencies of a rotary embedding, in radians per position. Every
// step is float32 as in transformers, because far from the start one unit in the last place turns a
// head visibly.
std::vector<float> RotaryFrequencies(const RotaryEmbedding& rotary, int64_t head_dimension);

// Returns the numbers that divide the frequencies which the embedding would have without
// llama3_scaling and divisors. GGUF stores these numbers.
std::vector<float> RotaryDivisors(const RotaryEmbedding& rotary, int64_t head_dimension);

// The name of the tensor of a GGUF file that holds RotaryEmbedding::divisors.
constexpr const char* kRotaryDivisorsName = "rope_freqs.weight";

// The form in which a GGUF file stores a tensor of a Hugging Face checkpoint.
enum class GgufForm { kSame, kInterleavedRows, kOneAdded };

// One tensor of a model.
struct NamedShape {
  std::string name;  // in Hugging Face checkpoints
  std::vector<int64_t> shape;
  std::string gguf = {};  // empty if GGUF has none
  GgufForm gguf_form = GgufForm::kSame;
  bool is_linear = false;  // prunable
};

// One tensor of a block.
struct BlockTensor {
  BlockPart part = BlockPart::kQuery;
  bool is_bias = false;
  std::vector<int64_t> shape;
};
// Returns the tensors of a block: its linears in ModelSummary's order, then norms and biases.
std::vector<BlockTensor> BlockTensorsOf(const ModelConfig& config);

// Returns a name such as "model.layers.3.mlp.up_proj.weight".
std::string BlockTensorName(const ModelConfig& config, int block, BlockPart part,
                            bool is_bias = false);
std::string LinearName(const ModelConfig& config, int block, int linear);

// Returns a name such as "model.embed_tokens.weight".
std::string ModelTensorName(const ModelConfig& config, ModelPart part, bool is_bias = false);

// Returns every tensor of a model, in the order in which a forward pass needs them.
std::vector<NamedShape> TensorsOf(const ModelConfig& config);

// Errors: InvalidArgument unless the key-value heads divide the heads and the head dimension is at
// least 2, and even for a rotary embedding. `where` names the file.
absl::Status CheckHeads(const ModelConfig& config, const std::string& where);

// Errors: OutOfRange for a sequence of more tokens than the model has positions.
absl::Status CheckPositions(const ModelConfig& config, int64_t tokens);

// One block in so many does not slide, if any block of a GGUF file slides.
constexpr int kUsualGgufPeriod = 6;
// Return properties that GGUF's metadata leave to the architecture: which blocks slide, if any do;
// the activation function; ModelConfig::query_scalar.
std::vector<bool> UsualGgufSliding(int blocks);
Activation UsualGgufActivation(const ModelFamily& family);
double UsualGgufQueryScalar(const ModelConfig& config);

// Reads the metadata of a GGUF file. Errors: Unimplemented, naming the reason, for another
// architecture, mixture of experts, rotary embeddings that are partial or scaled by other rules
// than a factor or a divisor for each frequency, biases that the family does not have, and what
// CheckArithmeticKeys refuses; NotFound for a missing number or tensor; InvalidArgument for an
// impossible number, one that contradicts the shape of a weight tensor, or more tokens in the
// tokenizer than rows in the embedding. Memory for a tensor whose size follows from an accepted
// configuration is therefore in proportion to the file. If `asked` is not null, it is set to the
// keys that were looked up, whether the file has them or not.
absl::StatusOr<ModelConfig> ReadGgufConfig(const GgufFile& file,
                                           std::set<std::string>* asked = nullptr);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_MODEL_CONFIG_H_

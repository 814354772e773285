// The families of models that run here: what a family's blocks are made of, and what its files call
// their tensors. Blocks of all families are run by one implementation, so that a family is a row of
// a table.
#ifndef STRATA_EVALUATOR_MODEL_FAMILY_H_
#define STRATA_EVALUATOR_MODEL_FAMILY_H_

#include <array>
#include <span>
#include <string_view>

namespace strata::evaluator {

// What a matrix or a norm of a block is for. The linears come first, in the order in which
// ModelSummary lists those that a family has.
enum class BlockRole {
  kQuery,
  kKey,
  kValue,
  kAttentionOutput,
  kGate,
  kUp,
  kDown,
  kAttentionNorm,         // of attention's input; of its sum with the residual in post-norm models
  kFeedForwardNorm,       // the same of the feed-forward
  kQueryNorm,             // of each head's query
  kKeyNorm,               // of each head's key
  kAttentionOutputNorm,   // of attention's result, before it is added to the residual
  kFeedForwardOutputNorm  // the same of the feed-forward
};
constexpr int kBlockRoles = 13;

// What a tensor outside the blocks is for.
enum class ModelRole {
  kEmbedding,   // [vocabulary, embedding width]
  kPositions,   // learned, [positions + offset, hidden]
  kProjectIn,   // from the embedding's width to the blocks'
  kProjectOut,  // and back
  kFinalNorm,
  kHead  // [vocabulary, embedding width]
};
constexpr int kModelRoles = 6;

enum class NormKind {
  kRms,         // x / rms(x) * weight
  kRmsPlusOne,  // x / rms(x) * (1 + weight)
  kLayer        // (x - mean(x)) / deviation(x) * weight + bias
};

// Names without the ending ".weight" or ".bias"; null where the family has no such tensor.
struct TensorNames {
  const char* hugging_face = nullptr;  // of a block: between "PREFIX.N." and the ending
  const char* gguf = nullptr;          // of a block: between "blk.N." and the ending
};

struct ModelFamily {
  const char* name = "";          // "model_type" of config.json
  const char* gguf = nullptr;     // "general.architecture"; null: GGUF has none
  const char* block_prefix = "";  // "model.layers"
  NormKind norm = NormKind::kRms;
  bool learned_positions = false;  // else rotary
  int position_offset = 0;         // rows before that of position 0
  bool scales_embedding = false;   // by sqrt(hidden)
  // Whether GGUF stores query and key rows with the two halves of every head interleaved.
  bool gguf_interleaves = false;
  // Whether blocks of the GGUF architecture may slide.
  bool gguf_has_sliding_window = false;
  std::array<TensorNames, kBlockRoles> block = {};
  std::array<TensorNames, kModelRoles> model = {};

  const TensorNames& Names(BlockRole role) const { return block[static_cast<size_t>(role)]; }
  const TensorNames& Names(ModelRole role) const { return model[static_cast<size_t>(role)]; }
  bool Has(BlockRole role) const { return Names(role).hugging_face != nullptr; }
};

// All of them, for messages and documentation.
std::span<const ModelFamily> ModelFamilies();

const ModelFamily& LlamaFamily();

// Null for a name that no family has.
const ModelFamily* FamilyOfModelType(std::string_view model_type);
const ModelFamily* FamilyOfGguf(std::string_view architecture);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_FAMILY_H_

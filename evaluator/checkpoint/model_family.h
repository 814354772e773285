// The families of models that run here: the parts of a family's blocks, and the names of its
// tensors in files. One implementation runs the blocks of all families, so a family is one row of a
// table.
#ifndef STRATA_EVALUATOR_CHECKPOINT_MODEL_FAMILY_H_
#define STRATA_EVALUATOR_CHECKPOINT_MODEL_FAMILY_H_

#include <array>
#include <span>
#include <string_view>

namespace strata::evaluator {

// The purpose of a matrix or a norm of a block. The linears come first, in the order in which
// ModelSummary lists those that a family has.
enum class BlockPart {
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

// The purpose of a tensor outside the blocks.
enum class ModelPart {
  kEmbedding,   // [vocabulary, embedding width]
  kPositions,   // learned, [positions + offset, hidden]
  kProjectIn,   // from the embedding's width to that of the blocks
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

// Names without the ending ".weight" or ".bias"; null if the family has no such tensor.
struct TensorNames {
  const char* hugging_face = nullptr;  // of a block: between "PREFIX.N." and the ending
  const char* gguf = nullptr;          // of a block: between "blk.N." and the ending
};

struct ModelFamily {
  const char* name = "";          // "model_type" of config.json
  const char* gguf = nullptr;     // "general.architecture"; null: GGUF has none
  const char* block_prefix = "";  // "model.layers"
  NormKind norm = NormKind::kRms;
  bool learned_positions = false;  // false: rotary
  int position_offset = 0;         // rows before that of position 0
  bool scales_embedding = false;   // by sqrt(hidden)
  // True if GGUF stores query and key rows with the two halves of every head interleaved.
  bool gguf_interleaves = false;
  // True if blocks of the GGUF architecture may slide.
  bool gguf_has_sliding_window = false;
  std::array<TensorNames, kBlockRoles> block = {};
  std::array<TensorNames, kModelRoles> model = {};

  const TensorNames& Names(BlockPart part) const { return block[static_cast<size_t>(part)]; }
  const TensorNames& Names(ModelPart part) const { return model[static_cast<size_t>(part)]; }
  bool Has(BlockPart part) const { return Names(part).hugging_face != nullptr; }
};

// Returns all families, for messages and documentation.
std::span<const ModelFamily> ModelFamilies();

const ModelFamily& LlamaFamily();

// Return the family with this name; null if there is none.
const ModelFamily* FamilyOfModelType(std::string_view model_type);
const ModelFamily* FamilyOfGguf(std::string_view architecture);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_MODEL_FAMILY_H_

// A model of the LLaMA family in memory, run block by block.
#ifndef STRATA_EVALUATOR_TRANSFORMER_MODEL_H_
#define STRATA_EVALUATOR_TRANSFORMER_MODEL_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "evaluator/checkpoint.h"
#include "evaluator/model_config.h"
#include "evaluator/residence.h"
#include "evaluator/token_loss.h"
#include "evaluator/transformer_block.h"

namespace strata::evaluator {

// Token ids, all windows of one length.
using Windows = std::vector<std::vector<int32_t>>;

// Dense weights in float32, never changed. Query and key rows are in the Hugging Face order. Not
// thread-safe.
class TransformerModel {
 public:
  // Reads every weight once, to keep it or to check it. Errors as Checkpoint::ReadRows, and
  // DataLoss for a weight that is infinite or no number, naming its tensor.
  static absl::StatusOr<std::unique_ptr<TransformerModel>> Load(
      std::unique_ptr<Checkpoint> checkpoint, Residence residence = Residence::kMemory);

  const ModelConfig& config() const { return config_; }

  // Valid for as long as it is held, and so is its memory: hold one block at a time.
  BlockMatrices matrices(int block) const;
  const BlockNorms& norms(int block) const { return norms_[block]; }

  // Input of block 0, float32 [windows * tokens, hidden]. Ids must lie in the vocabulary.
  at::Tensor Embed(const Windows& windows) const;

  // After the final norm, float32 [rows, hidden].
  at::Tensor FinalNorm(const at::Tensor& hidden) const;

  // Weights of the final norm [hidden] and of the output head [vocabulary, hidden], float32.
  const at::Tensor& final_norm() const { return final_norm_; }
  at::Tensor head() const;

  // Losses of tokens 1 ... T-1 of every window, window after window, from the output of the last
  // block.
  TokenLosses Losses(const at::Tensor& hidden, const Windows& windows, Arithmetic arithmetic);

 private:
  TransformerModel() = default;
  absl::Status LoadSmall(const Checkpoint& checkpoint);
  absl::Status LoadLarge(const Checkpoint& checkpoint);
  absl::Status CheckLarge(const Checkpoint& checkpoint) const;
  at::Tensor Head(Arithmetic arithmetic);

  ModelConfig config_;
  std::vector<BlockNorms> norms_;
  at::Tensor final_norm_;

  // In memory.
  std::vector<BlockMatrices> matrices_;
  at::Tensor embedding_;      // [vocabulary, hidden]
  at::Tensor head_;           // the embedding itself where tied
  at::Tensor bfloat16_head_;  // made when first needed

  // Streamed: null otherwise.
  std::unique_ptr<Checkpoint> checkpoint_;
  mutable int held_block_ = -1;
  mutable BlockMatrices held_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TRANSFORMER_MODEL_H_

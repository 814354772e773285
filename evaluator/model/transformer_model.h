// A model that is held in memory or streamed from its files, and run block by block.
#ifndef STRATA_EVALUATOR_MODEL_TRANSFORMER_MODEL_H_
#define STRATA_EVALUATOR_MODEL_TRANSFORMER_MODEL_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "evaluator/checkpoint/checkpoint.h"
#include "evaluator/checkpoint/model_config.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/packed_tokens.h"
#include "evaluator/model/token_loss.h"
#include "evaluator/model/transformer_block.h"

namespace strata::evaluator {

// Token ids. All windows have one length.
using Windows = std::vector<std::vector<int32_t>>;

// A model with dense weights in float32, which never change. Rows of queries and keys are in the
// order of Hugging Face. Not thread-safe.
class TransformerModel {
 public:
  // Reads every weight once, to keep it or to check it. Errors: those of Checkpoint::ReadRows;
  // DataLoss, which names the tensor, for a weight that is infinite or NaN.
  static absl::StatusOr<std::unique_ptr<TransformerModel>> Load(
      std::unique_ptr<Checkpoint> checkpoint, Residence residence = Residence::kMemory);

  // Moves the large weights of a model in memory to a file in `folder` and maps the file. The
  // processes of a machine that map it have these weights in memory only once. The first of them
  // writes the file, with 4 bytes per weight. Its name is weights-DIGEST.bank; DIGEST is
  // computed from the model's digest. Errors: those of OpenOrBuildBank and BankFile::Entry.
  absl::Status ShareWeights(const std::string& folder, const std::string& model_digest,
                            const Progress& progress);

  const ModelConfig& config() const { return config_; }

  // Returns the matrices of a block. They stay valid and in memory for as long as the caller holds
  // them, so hold those of one block at a time.
  BlockMatrices matrices(int block) const;
  const BlockVectors& vectors(int block) const { return vectors_[block]; }

  // Returns the input of block 0, float32 [tokens, hidden], window after window. Throws
  // StatusException for an id without a row in the embedding, and for more tokens than the model
  // has positions.
  at::Tensor Embed(const Windows& windows) const;
  at::Tensor Embed(const PackedTokens& tokens) const;
  // Returns the same for tokens at the given positions.
  at::Tensor Embed(std::span<const int32_t> ids, std::span<const int64_t> positions) const;

  // Returns what the output head multiplies, float32 [rows, config().embedding_columns()]. `hidden`
  // is the output of the last block. The final norm and the projection are applied to it if the
  // model has them.
  at::Tensor FinalNorm(const at::Tensor& hidden) const;

  // Weights of the final norm [hidden] and the projection [embedding_columns, hidden] that
  // FinalNorm applies. They are float32, and undefined if the model has none.
  const NormWeights& final_norm() const { return final_norm_; }
  const at::Tensor& project_out() const { return project_out_; }

  // Returns the output head, float32 [vocabulary, embedding_columns].
  at::Tensor head() const;

  // What predicts tokens 1 ... T-1 of every window, window after window: the product of `rows`
  // [predicted tokens, embedding_columns] and the transposed `head` are the logits. Both have the
  // type of the arithmetic. `hidden` is the output of the last block.
  struct Predicting {
    at::Tensor rows, head;
  };
  Predicting PredictingRows(const at::Tensor& hidden, const Windows& windows,
                            Arithmetic arithmetic);

  // Returns the losses of tokens 1 ... T-1 of every window, window after window. `hidden` is the
  // output of the last block.
  TokenLosses Losses(const at::Tensor& hidden, const Windows& windows, Arithmetic arithmetic);

 private:
  TransformerModel() = default;
  absl::Status LoadVectors(const Checkpoint& checkpoint, int block);
  absl::Status LoadSmall(const Checkpoint& checkpoint);
  absl::Status LoadLarge(const Checkpoint& checkpoint);
  absl::Status CheckLarge(const Checkpoint& checkpoint) const;
  at::Tensor EmbeddingRows(std::span<const int32_t> ids) const;
  at::Tensor Head(Arithmetic arithmetic);

  ModelConfig config_;
  std::vector<BlockVectors> vectors_;
  NormWeights final_norm_;
  at::Tensor positions_, project_in_, project_out_;  // undefined if the model has none

  // Set if the model is held in memory.
  std::vector<BlockMatrices> matrices_;
  at::Tensor embedding_;      // [vocabulary, embedding_columns]
  at::Tensor head_;           // the embedding itself if the two are tied
  at::Tensor bfloat16_head_;  // made when first needed

  // Set if the model is streamed; null otherwise.
  std::unique_ptr<Checkpoint> checkpoint_;
  mutable int held_block_ = -1;
  mutable BlockMatrices held_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_TRANSFORMER_MODEL_H_

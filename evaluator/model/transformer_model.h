// A model in memory or streamed from its files, run block by block.
#ifndef STRATA_EVALUATOR_TRANSFORMER_MODEL_H_
#define STRATA_EVALUATOR_TRANSFORMER_MODEL_H_

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
#include "evaluator/residence.h"

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

  // Of a model in memory: from now on its large weights lie in a file of `folder`, mapped, which
  // processes of a machine have in memory once; the first writes it, 4 bytes a weight. Its name is
  // weights-DIGEST.bank, of the model's digest. Errors of OpenOrBuildBank and BankFile::Entry.
  absl::Status ShareWeights(const std::string& folder, const std::string& model_digest,
                            const Progress& progress);

  const ModelConfig& config() const { return config_; }

  // Valid for as long as it is held, and so is its memory: hold one block at a time.
  BlockMatrices matrices(int block) const;
  const BlockVectors& vectors(int block) const { return vectors_[block]; }

  // Input of block 0, float32 [tokens, hidden], window after window. Ids must lie in the
  // vocabulary; throws StatusException for more tokens than the model has positions.
  at::Tensor Embed(const Windows& windows) const;
  at::Tensor Embed(const PackedTokens& tokens) const;
  // Of tokens at these positions.
  at::Tensor Embed(std::span<const int32_t> ids, std::span<const int64_t> positions) const;

  // What the output head multiplies, float32 [rows, config().embedding_columns()], from the output
  // of the last block: the final norm and the projection, where the model has them.
  at::Tensor FinalNorm(const at::Tensor& hidden) const;

  // Its parts, float32, undefined where the model has none: [hidden], and
  // [embedding_columns, hidden].
  const NormWeights& final_norm() const { return final_norm_; }
  const at::Tensor& project_out() const { return project_out_; }

  // The output head, float32 [vocabulary, embedding_columns].
  at::Tensor head() const;

  // Losses of tokens 1 ... T-1 of every window, window after window, from the output of the last
  // block.
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
  at::Tensor positions_, project_in_, project_out_;  // undefined where the model has none

  // In memory.
  std::vector<BlockMatrices> matrices_;
  at::Tensor embedding_;      // [vocabulary, embedding_columns]
  at::Tensor head_;           // the embedding itself where tied
  at::Tensor bfloat16_head_;  // made when first needed

  // Streamed: null otherwise.
  std::unique_ptr<Checkpoint> checkpoint_;
  mutable int held_block_ = -1;
  mutable BlockMatrices held_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TRANSFORMER_MODEL_H_

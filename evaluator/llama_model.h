// A model of the LLaMA family in memory, run block by block.
#ifndef STRATA_EVALUATOR_LLAMA_MODEL_H_
#define STRATA_EVALUATOR_LLAMA_MODEL_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "evaluator/gguf_file.h"
#include "evaluator/llama_block.h"
#include "evaluator/llama_config.h"
#include "evaluator/token_loss.h"

namespace strata::evaluator {

// Token ids, all windows of one length.
using Windows = std::vector<std::vector<int32_t>>;

// Dense weights in float32, never changed after loading. Query and key rows are in the Hugging Face
// order (GGUF stores them interleaved for rotary embedding). Not thread-safe.
class LlamaModel {
 public:
  // Dequantises all weights; the file may be closed afterwards. Errors as ReadLlamaConfig and
  // Dequantize, and DataLoss for a weight that is infinite or no number, naming its tensor.
  static absl::StatusOr<std::unique_ptr<LlamaModel>> Load(const GgufFile& file);

  const LlamaConfig& config() const { return config_; }
  const BlockMatrices& matrices(int block) const { return matrices_[block]; }
  const BlockNorms& norms(int block) const { return norms_[block]; }

  // Input of block 0, float32 [windows * tokens, hidden]. Ids must lie in the vocabulary.
  at::Tensor Embed(const Windows& windows) const;

  // After the final norm, float32 [rows, hidden].
  at::Tensor FinalNorm(const at::Tensor& hidden) const;

  // Weights of the final norm [hidden] and of the output head [vocabulary, hidden], float32.
  const at::Tensor& final_norm() const { return final_norm_; }
  const at::Tensor& head() const { return head_; }

  // Losses of tokens 1 ... T-1 of every window, window after window, from the output of the last
  // block.
  TokenLosses Losses(const at::Tensor& hidden, const Windows& windows, Arithmetic arithmetic);

 private:
  LlamaModel() = default;
  absl::Status LoadWeights(const GgufFile& file);
  absl::Status LoadBlock(const GgufFile& file, int block);
  const at::Tensor& Head(Arithmetic arithmetic);

  LlamaConfig config_;
  std::vector<BlockMatrices> matrices_;
  std::vector<BlockNorms> norms_;
  at::Tensor embedding_;  // [vocabulary, hidden]
  at::Tensor final_norm_;
  at::Tensor head_;           // the embedding itself where tied
  at::Tensor bfloat16_head_;  // made when first needed
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_LLAMA_MODEL_H_

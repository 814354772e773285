#include "evaluator/transformer_model.h"

#include <ATen/ATen.h>

#include <span>
#include <string>
#include <utility>

#include "evaluator/row_kernels.h"
#include "evaluator/tensor_parts.h"

namespace strata::evaluator {
namespace {

std::span<float> MutableValuesOf(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

// Reads one tensor of a streamed model, whose numbers were checked when it was opened: what fails
// now is the machine.
void ReadChecked(const Checkpoint& checkpoint, const std::string& name, int64_t first_row,
                 std::span<float> values) {
  const absl::Status status = checkpoint.ReadRows(name, first_row, values);
  TORCH_CHECK(status.ok(), std::string(status.message()));
}

// Makes sure that all numbers of a tensor are finite.
absl::Status CheckFinite(const Checkpoint& checkpoint, const NamedShape& tensor) {
  return ReadInParts(checkpoint, tensor, [&](int64_t row, std::span<const float> numbers) {
    const int64_t bad = FirstNotFinite(numbers);
    if (bad < 0) return absl::OkStatus();
    return NotFinite(checkpoint, tensor.name, numbers[bad], row * tensor.shape.back() + bad);
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<TransformerModel>> TransformerModel::Load(
    std::unique_ptr<Checkpoint> checkpoint, Residence residence) {
  const at::InferenceMode guard;
  std::unique_ptr<TransformerModel> model(new TransformerModel);
  model->config_ = checkpoint->config();
  absl::Status status = model->LoadSmall(*checkpoint);
  if (status.ok()) {
    status = residence == Residence::kMemory ? model->LoadLarge(*checkpoint)
                                             : model->CheckLarge(*checkpoint);
  }
  if (!status.ok()) return status;
  if (residence == Residence::kStream) model->checkpoint_ = std::move(checkpoint);
  return model;
}

absl::Status TransformerModel::LoadSmall(const Checkpoint& checkpoint) {
  final_norm_ = at::empty({config_.hidden});
  absl::Status status = ReadFinite(checkpoint, kFinalNormName, MutableValuesOf(final_norm_));
  for (int block = 0; block < config_.blocks && status.ok(); ++block) {
    norms_.push_back({at::empty({config_.hidden}), at::empty({config_.hidden})});
    status.Update(ReadFinite(checkpoint, BlockTensor(block, kLinearsPerBlock),
                             MutableValuesOf(norms_.back().attention)));
    status.Update(ReadFinite(checkpoint, BlockTensor(block, kLinearsPerBlock + 1),
                             MutableValuesOf(norms_.back().feed_forward)));
  }
  return status;
}

absl::Status TransformerModel::LoadLarge(const Checkpoint& checkpoint) {
  embedding_ = at::empty({config_.vocabulary, config_.hidden});
  absl::Status status = ReadFinite(checkpoint, kEmbeddingName, MutableValuesOf(embedding_));
  head_ = embedding_;
  if (!config_.tied && status.ok()) {
    head_ = at::empty({config_.vocabulary, config_.hidden});
    status = ReadFinite(checkpoint, kHeadName, MutableValuesOf(head_));
  }
  for (int block = 0; block < config_.blocks && status.ok(); ++block) {
    matrices_.push_back(BlockMatrices::Allocate(config_, Arithmetic::kFloat32));
    for (int linear = 0; linear < kLinearsPerBlock && status.ok(); ++linear) {
      status = ReadFinite(checkpoint, BlockTensor(block, linear),
                          MutableValuesOf(matrices_.back().Linear(config_, linear)));
    }
  }
  return status;
}

absl::Status TransformerModel::CheckLarge(const Checkpoint& checkpoint) const {
  for (const NamedShape& tensor : TensorsOf(config_)) {
    if (absl::Status status = CheckFinite(checkpoint, tensor); !status.ok()) return status;
  }
  return absl::OkStatus();
}

BlockMatrices TransformerModel::matrices(int block) const {
  if (!checkpoint_) return matrices_[block];
  if (held_block_ == block) return held_;
  const at::InferenceMode guard;
  // Memory that a caller still holds is left to it.
  held_ = {};
  held_ = BlockMatrices::Allocate(config_, Arithmetic::kFloat32);
  for (int linear = 0; linear < kLinearsPerBlock; ++linear) {
    const std::string name = BlockTensor(block, linear);
    ReadChecked(*checkpoint_, name, 0, MutableValuesOf(held_.Linear(config_, linear)));
    checkpoint_->Forget(name);
  }
  held_block_ = block;
  return held_;
}

at::Tensor TransformerModel::Embed(const Windows& windows) const {
  const at::InferenceMode guard;
  std::vector<int64_t> ids;
  for (const std::vector<int32_t>& window : windows) {
    ids.insert(ids.end(), window.begin(), window.end());
  }
  if (!checkpoint_) return embedding_.index_select(0, at::tensor(ids, at::kLong));
  const auto hidden = static_cast<size_t>(config_.hidden);
  at::Tensor rows = at::empty({static_cast<int64_t>(ids.size()), config_.hidden});
  for (size_t i = 0; i < ids.size(); ++i) {
    ReadChecked(*checkpoint_, kEmbeddingName, ids[i],
                MutableValuesOf(rows).subspan(i * hidden, hidden));
  }
  checkpoint_->Forget(kEmbeddingName);
  return rows;
}

at::Tensor TransformerModel::head() const {
  if (!checkpoint_) return head_;
  const at::InferenceMode guard;
  const std::string name = config_.tied ? kEmbeddingName : kHeadName;
  at::Tensor head = at::empty({config_.vocabulary, config_.hidden});
  ReadChecked(*checkpoint_, name, 0, MutableValuesOf(head));
  checkpoint_->Forget(name);
  return head;
}

at::Tensor TransformerModel::FinalNorm(const at::Tensor& hidden) const {
  const at::InferenceMode guard;
  at::Tensor normed = at::empty_like(hidden);
  RmsNorm(hidden, final_norm_, config_.norm_epsilon, normed);
  return normed;
}

TokenLosses TransformerModel::Losses(const at::Tensor& hidden, const Windows& windows,
                                     Arithmetic arithmetic) {
  const at::InferenceMode guard;
  const auto count = static_cast<int64_t>(windows.size());
  const auto tokens = static_cast<int64_t>(windows.front().size());
  std::vector<int64_t> targets;
  for (const std::vector<int32_t>& window : windows) {
    targets.insert(targets.end(), window.begin() + 1, window.end());
  }
  // The last token of a window predicts nothing.
  const at::Tensor predicting = hidden.view({count, tokens, config_.hidden})
                                    .narrow(1, 0, tokens - 1)
                                    .reshape({count * (tokens - 1), config_.hidden});
  const at::Tensor head = Head(arithmetic);
  return NextTokenLosses(FinalNorm(predicting).to(head.scalar_type()), head, targets);
}

at::Tensor TransformerModel::Head(Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::kFloat32) return head();
  if (checkpoint_) return head().to(at::kBFloat16);
  if (!bfloat16_head_.defined()) bfloat16_head_ = head_.to(at::kBFloat16);
  return bfloat16_head_;
}

}  // namespace strata::evaluator

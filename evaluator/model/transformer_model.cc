#include "evaluator/model/transformer_model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "evaluator/checkpoint/tensor_parts.h"
#include "evaluator/model/block_steps.h"
#include "evaluator/model/libtorch_errors.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

std::span<float> MutableValuesOf(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

// Reads one tensor of a streamed model. Its numbers were checked when the model was opened, so an
// error now is one of the machine.
void ReadChecked(const Checkpoint& checkpoint, const std::string& name, int64_t first_row,
                 std::span<float> values) {
  const absl::Status status = checkpoint.ReadRows(name, first_row, values);
  TORCH_CHECK(status.ok(), std::string(status.message()));
}

// Returns the memory for a vector of a block. The memory is allocated here unless the vector is a
// part of a larger one.
at::Tensor PlaceOf(const ModelConfig& config, const BlockTensor& tensor, BlockVectors& vectors) {
  const int64_t size = tensor.shape.front();
  const auto make = [&](at::Tensor& values) { return values = at::empty({size}); };
  const auto norm = [&](NormWeights& weights) {
    return make(tensor.is_bias ? weights.bias : weights.weight);
  };
  const int64_t query = config.query_rows();
  switch (tensor.part) {
    case BlockPart::kQuery:
      return vectors.query_key_value_bias.narrow(0, 0, size);
    case BlockPart::kKey:
      return vectors.query_key_value_bias.narrow(0, query, size);
    case BlockPart::kValue:
      return vectors.query_key_value_bias.narrow(0, query + size, size);
    case BlockPart::kAttentionOutput:
      return make(vectors.attention_output_bias);
    case BlockPart::kGate:
      return vectors.gate_up_bias.narrow(0, 0, size);
    case BlockPart::kUp:
      return vectors.gate_up_bias.narrow(0, config.gated() ? size : 0, size);
    case BlockPart::kDown:
      return make(vectors.down_bias);
    case BlockPart::kAttentionNorm:
      return norm(vectors.attention);
    case BlockPart::kFeedForwardNorm:
      return norm(vectors.feed_forward);
    case BlockPart::kQueryNorm:
      return make(vectors.query);
    case BlockPart::kKeyNorm:
      return make(vectors.key);
    case BlockPart::kAttentionOutputNorm:
      return norm(vectors.attention_output);
    default:
      return norm(vectors.feed_forward_output);
  }
}

void AddOneWhereStoredWithout(const ModelConfig& config, at::Tensor norm) {
  if (config.family->norm == NormKind::kRmsPlusOne) norm.add_(1);
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

absl::Status TransformerModel::LoadVectors(const Checkpoint& checkpoint, int block) {
  BlockVectors& vectors = vectors_[static_cast<size_t>(block)];
  vectors.slides = config_.Slides(block);
  if (config_.query_key_value_bias) {
    vectors.query_key_value_bias = at::empty({config_.query_rows() + 2 * config_.key_value_rows()});
  }
  if (config_.feed_forward_bias) {
    vectors.gate_up_bias = at::empty({(config_.gated() ? 2 : 1) * config_.feed_forward});
  }
  for (const BlockTensor& tensor : BlockTensorsOf(config_)) {
    if (tensor.shape.size() != 1) continue;
    const std::string name = BlockTensorName(config_, block, tensor.part, tensor.is_bias);
    const at::Tensor values = PlaceOf(config_, tensor, vectors);
    STRATA_RETURN_IF_ERROR(ReadFinite(checkpoint, name, MutableValuesOf(values)));
    if (!tensor.is_bias) AddOneWhereStoredWithout(config_, values);
  }
  return absl::OkStatus();
}

absl::Status TransformerModel::LoadSmall(const Checkpoint& checkpoint) {
  absl::Status status;
  const auto read = [&](ModelPart part, bool is_bias, std::vector<int64_t> shape) {
    const at::Tensor values = at::empty(shape);
    status.Update(
        ReadFinite(checkpoint, ModelTensorName(config_, part, is_bias), MutableValuesOf(values)));
    return values;
  };
  if (config_.has_final_norm) {
    final_norm_.weight = read(ModelPart::kFinalNorm, false, {config_.hidden});
    AddOneWhereStoredWithout(config_, final_norm_.weight);
    if (config_.family->norm == NormKind::kLayer) {
      final_norm_.bias = read(ModelPart::kFinalNorm, true, {config_.hidden});
    }
  }
  if (config_.family->learned_positions) {
    positions_ =
        read(ModelPart::kPositions, false,
             {config_.learned_positions + config_.family->position_offset, config_.hidden});
  }
  if (config_.embedding_width > 0) {
    project_in_ = read(ModelPart::kProjectIn, false, {config_.hidden, config_.embedding_width});
    project_out_ = read(ModelPart::kProjectOut, false, {config_.embedding_width, config_.hidden});
  }
  vectors_.resize(static_cast<size_t>(config_.blocks));
  for (int block = 0; block < config_.blocks && status.ok(); ++block) {
    status = LoadVectors(checkpoint, block);
  }
  return status;
}

absl::Status TransformerModel::LoadLarge(const Checkpoint& checkpoint) {
  const int64_t width = config_.embedding_columns();
  embedding_ = at::empty({config_.vocabulary, width});
  absl::Status status = ReadFinite(checkpoint, ModelTensorName(config_, ModelPart::kEmbedding),
                                   MutableValuesOf(embedding_));
  head_ = embedding_;
  if (!config_.tied && status.ok()) {
    head_ = at::empty({config_.vocabulary, width});
    status =
        ReadFinite(checkpoint, ModelTensorName(config_, ModelPart::kHead), MutableValuesOf(head_));
  }
  for (int block = 0; block < config_.blocks && status.ok(); ++block) {
    matrices_.push_back(BlockMatrices::Allocate(config_, Arithmetic::kFloat32));
    for (int linear = 0; linear < config_.linears_per_block() && status.ok(); ++linear) {
      status = ReadFinite(checkpoint, LinearName(config_, block, linear),
                          MutableValuesOf(matrices_.back().Linear(config_, linear)));
    }
  }
  return status;
}

absl::Status TransformerModel::CheckLarge(const Checkpoint& checkpoint) const {
  for (const NamedShape& tensor : TensorsOf(config_)) {
    STRATA_RETURN_IF_ERROR(CheckFinite(checkpoint, tensor));
  }
  return absl::OkStatus();
}

BlockMatrices TransformerModel::matrices(int block) const {
  if (!checkpoint_) return matrices_[block];
  if (held_block_ == block) return held_;
  const at::InferenceMode guard;
  // A caller that still holds the last block keeps its memory.
  held_ = {};
  held_ = BlockMatrices::Allocate(config_, Arithmetic::kFloat32);
  for (int linear = 0; linear < config_.linears_per_block(); ++linear) {
    const std::string name = LinearName(config_, block, linear);
    ReadChecked(*checkpoint_, name, 0, MutableValuesOf(held_.Linear(config_, linear)));
    checkpoint_->Forget(name);
  }
  held_block_ = block;
  return held_;
}

at::Tensor TransformerModel::Embed(const Windows& windows) const {
  PackedTokens tokens;
  for (const std::vector<int32_t>& window : windows) tokens.Add(window);
  return Embed(tokens);
}

at::Tensor TransformerModel::Embed(const PackedTokens& tokens) const {
  return Embed(tokens.ids, tokens.layout.Positions());
}

at::Tensor TransformerModel::Embed(std::span<const int32_t> ids,
                                   std::span<const int64_t> positions) const {
  const at::InferenceMode guard;
  for (const int64_t position : positions) {
    const absl::Status status = CheckPositions(config_, position + 1);
    if (!status.ok()) throw StatusException(status);
  }
  CheckIds(config_.vocabulary, ids);
  at::Tensor rows = EmbeddingRows(ids);
  if (project_in_.defined()) rows = rows.matmul(project_in_.t());
  if (config_.family->scales_embedding) {
    rows.mul_(std::sqrt(static_cast<double>(config_.hidden)));
  }
  if (positions_.defined()) {
    const at::Tensor places = at::tensor(at::ArrayRef<int64_t>(positions.data(), positions.size()));
    rows.add_(positions_.index_select(0, places + config_.family->position_offset));
  }
  return rows;
}

at::Tensor TransformerModel::EmbeddingRows(std::span<const int32_t> ids) const {
  if (!checkpoint_) {
    const std::vector<int64_t> indices(ids.begin(), ids.end());
    return embedding_.index_select(0, at::tensor(indices, at::kLong));
  }
  const int64_t width = config_.embedding_columns();
  const auto columns = static_cast<size_t>(width);
  const std::string name = ModelTensorName(config_, ModelPart::kEmbedding);
  at::Tensor rows = at::empty({static_cast<int64_t>(ids.size()), width});
  for (size_t i = 0; i < ids.size(); ++i) {
    ReadChecked(*checkpoint_, name, ids[i], MutableValuesOf(rows).subspan(i * columns, columns));
  }
  checkpoint_->Forget(name);
  return rows;
}

at::Tensor TransformerModel::head() const {
  if (!checkpoint_) return head_;
  const at::InferenceMode guard;
  const std::string name =
      ModelTensorName(config_, config_.tied ? ModelPart::kEmbedding : ModelPart::kHead);
  at::Tensor head = at::empty({config_.vocabulary, config_.embedding_columns()});
  ReadChecked(*checkpoint_, name, 0, MutableValuesOf(head));
  checkpoint_->Forget(name);
  return head;
}

at::Tensor TransformerModel::FinalNorm(const at::Tensor& hidden) const {
  const at::InferenceMode guard;
  at::Tensor normed = hidden;
  if (final_norm_.weight.defined()) {
    normed = at::empty_like(hidden);
    Normalize(config_, hidden, final_norm_, normed);
  }
  return project_out_.defined() ? normed.matmul(project_out_.t()) : normed;
}

TransformerModel::Predicting TransformerModel::PredictingRows(const at::Tensor& hidden,
                                                              const Windows& windows,
                                                              Arithmetic arithmetic) {
  const at::InferenceMode guard;
  const auto count = static_cast<int64_t>(windows.size());
  const auto tokens = static_cast<int64_t>(windows.front().size());
  // The last token of a window predicts nothing.
  const at::Tensor predicting = hidden.view({count, tokens, config_.hidden})
                                    .narrow(1, 0, tokens - 1)
                                    .reshape({count * (tokens - 1), config_.hidden});
  const at::Tensor head = Head(arithmetic);
  return {FinalNorm(predicting).to(head.scalar_type()), head};
}

TokenLosses TransformerModel::Losses(const at::Tensor& hidden, const Windows& windows,
                                     Arithmetic arithmetic) {
  std::vector<int64_t> targets;
  for (const std::vector<int32_t>& window : windows) {
    targets.insert(targets.end(), window.begin() + 1, window.end());
  }
  const auto [rows, head] = PredictingRows(hidden, windows, arithmetic);
  return NextTokenLosses(rows, head, targets);
}

at::Tensor TransformerModel::Head(Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::kFloat32) return head();
  if (checkpoint_) return head().to(at::kBFloat16);
  if (!bfloat16_head_.defined()) bfloat16_head_ = head_.to(at::kBFloat16);
  return bfloat16_head_;
}

}  // namespace strata::evaluator

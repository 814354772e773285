// Implements TransformerModel::ShareWeights.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/banks/bank_writer.h"
#include "evaluator/model/transformer_model.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// Must be changed whenever the numbers or their order change.
constexpr const char* kContents = "weights in float32, version 1";

std::span<const std::byte> BytesOf(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}

// Returns a tensor of the same numbers in mapped memory. The mapping lives as long as the tensor.
at::Tensor Mapped(const at::Tensor& tensor, const std::shared_ptr<const BankFile>& file,
                  std::span<const std::byte> bytes) {
  void* const place = const_cast<std::byte*>(bytes.data());
  return at::from_blob(
      place, tensor.sizes(), [file](void*) {}, tensor.options());
}

}  // namespace

absl::Status TransformerModel::ShareWeights(const std::string& folder,
                                            const std::string& model_digest,
                                            const Progress& progress) {
  const at::InferenceMode guard;
  std::vector<std::pair<std::string, at::Tensor*>> tensors = {{"embedding", &embedding_}};
  if (!config_.tied) tensors.emplace_back("head", &head_);
  for (size_t i = 0; i < matrices_.size(); ++i) {
    BlockMatrices& block = matrices_[i];
    tensors.emplace_back(fmt::format("block {}, query, key and value", i), &block.query_key_value);
    tensors.emplace_back(fmt::format("block {}, attention output", i), &block.attention_output);
    tensors.emplace_back(fmt::format("block {}, gate and up", i), &block.gate_up);
    tensors.emplace_back(fmt::format("block {}, down", i), &block.down);
  }
  std::vector<BankEntry> entries;
  for (const auto& [name, tensor] : tensors) {
    entries.push_back({name, static_cast<int64_t>(tensor->nbytes())});
  }
  const BankLayout layout({{{"contents", kContents}, {"model", model_digest}}}, std::move(entries));
  constexpr size_t kDigits = 16;
  const std::string path = std::filesystem::path(folder) /
                           fmt::format("weights-{}.bank", layout.key().Digest().substr(0, kDigits));
  const auto build = [&](BankWriter& writer) -> absl::Status {
    while (writer.next() < static_cast<int>(tensors.size())) {
      const at::Tensor& tensor = *tensors[static_cast<size_t>(writer.next())].second;
      STRATA_RETURN_IF_ERROR(writer.Append(BytesOf(tensor)));
    }
    return absl::OkStatus();
  };
  STRATA_ASSIGN_OR_RETURN(BankFile opened, OpenOrBuildBank(path, layout, build, progress));
  const auto file = std::make_shared<const BankFile>(std::move(opened));
  for (size_t i = 0; i < tensors.size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(const auto bytes, file->Entry(static_cast<int>(i)));
    *tensors[i].second = Mapped(*tensors[i].second, file, bytes);
  }
  if (config_.tied) head_ = embedding_;
  return absl::OkStatus();
}

}  // namespace strata::evaluator

#include "evaluator/formats/safetensors_writer.h"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

using Json = nlohmann::ordered_json;

std::string HeaderOf(const std::vector<PlannedTensor>& tensors,
                     const std::map<std::string, std::string>& metadata) {
  // transformers requires this entry before it loads a file.
  Json header = {{"__metadata__", {{"format", "pt"}}}};
  for (const auto& [key, value] : metadata) header["__metadata__"][key] = value;
  int64_t offset = 0;
  for (const PlannedTensor& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.type},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes}}};
    offset += tensor.bytes;
  }
  std::string json = header.dump();
  // The data begin at a multiple of 8, so that numbers in a mapped file are aligned.
  json.append((8 - json.size() % 8) % 8, ' ');
  const uint64_t length = json.size();
  std::string text(sizeof(length), '\0');
  std::memcpy(text.data(), &length, sizeof(length));
  return text + json;
}

}  // namespace

int64_t SafetensorsPlan::bytes() const {
  int64_t sum = 0;
  for (const Shard& shard : shards) sum += shard.bytes;
  return sum;
}

SafetensorsPlan::Shard SafetensorsPlan::Shard::Of(
    const std::string& file, const std::vector<PlannedTensor>& tensors,
    const std::map<std::string, std::string>& metadata) {
  Shard shard = {.file = file, .header = HeaderOf(tensors, metadata), .tensors = tensors};
  shard.bytes = static_cast<int64_t>(shard.header.size());
  for (const PlannedTensor& tensor : tensors) shard.bytes += tensor.bytes;
  return shard;
}

SafetensorsPlan SafetensorsPlan::Of(const std::vector<PlannedTensor>& tensors,
                                    int64_t shard_bytes) {
  SafetensorsPlan plan;
  int64_t in_shard = 0;
  for (const PlannedTensor& tensor : tensors) {
    if (plan.shards.empty() || in_shard + tensor.bytes > shard_bytes) {
      plan.shards.emplace_back();
      in_shard = 0;
    }
    plan.shards.back().tensors.push_back(tensor);
    in_shard += tensor.bytes;
    plan.tensor_bytes += tensor.bytes;
  }
  for (size_t i = 0; i < plan.shards.size(); ++i) {
    Shard& shard = plan.shards[i];
    shard = Shard::Of(plan.shards.size() == 1 ? "model.safetensors"
                                              : fmt::format("model-{:05}-of-{:05}.safetensors",
                                                            i + 1, plan.shards.size()),
                      shard.tensors);
  }
  return plan;
}

absl::StatusOr<TensorOutput> CreateSafetensors(const SafetensorsPlan& plan,
                                               const std::string& folder) {
  TensorOutput output;
  for (const SafetensorsPlan::Shard& shard : plan.shards) {
    const std::string path = (std::filesystem::path(folder) / shard.file).string();
    STRATA_RETURN_IF_ERROR(output.AddFile(path, shard.bytes, shard.header));
    auto offset = static_cast<int64_t>(shard.header.size());
    for (const PlannedTensor& tensor : shard.tensors) {
      output.AddTensor(tensor.name, offset, tensor.bytes);
      offset += tensor.bytes;
    }
  }
  return output;
}

absl::Status WriteSafetensorsIndex(const SafetensorsPlan& plan, const std::string& folder,
                                   const std::string& name) {
  if (plan.shards.size() == 1) return absl::OkStatus();
  Json index = {{"metadata", {{"total_size", plan.tensor_bytes}}}, {"weight_map", Json::object()}};
  for (const SafetensorsPlan::Shard& shard : plan.shards) {
    for (const PlannedTensor& tensor : shard.tensors) {
      index["weight_map"][tensor.name] = shard.file;
    }
  }
  return WriteNewFile((std::filesystem::path(folder) / name).string(), index.dump(2) + "\n");
}

}  // namespace strata::evaluator

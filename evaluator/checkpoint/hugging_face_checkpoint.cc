#include "evaluator/checkpoint/hugging_face_checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "evaluator/checkpoint/hugging_face_config.h"
#include "evaluator/files/digest.h"
#include "evaluator/files/mapped_file.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

using Json = nlohmann::json;

constexpr const char* kConfig = "config.json";
constexpr const char* kSingle = "model.safetensors";
constexpr std::string_view kPrefix = "model.";
constexpr const char* kDoubles = "F64";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kBitmapIndex = "bitmap.safetensors.index.json";

std::string PathOf(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / name).string();
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// Returns the file name of the shard of each tensor, by tensor name.
absl::StatusOr<std::map<std::string, std::string>> ReadIndex(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(const Json json, ReadJsonObject(path));
  if (!json.contains("weight_map") || !json["weight_map"].is_object()) {
    return absl::DataLossError(fmt::format("{}: expected \"weight_map\", an object", path));
  }
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    // A name with a path could lead out of the folder.
    if (!shard.is_string() ||
        std::filesystem::path(shard.get<std::string>()).filename() != shard.get<std::string>()) {
      return absl::DataLossError(fmt::format(
          "{}: weight_map: \"{}\": expected the name of a file of the same folder", path, tensor));
    }
    shards[tensor] = shard.get<std::string>();
  }
  return shards;
}

// Returns the format as which numbers of this type are read. transformers casts F64 to the type of
// the model too.
std::optional<NumberFormat> FormatOfType(const std::string& type) {
  return type == kDoubles ? NumberFormat::kFloat32 : ParseNumberFormat(type);
}

// Reads numbers of a tensor in the order of the file, from number `first` on.
void ReadNumbers(const SafetensorsTensor& tensor, size_t first, std::span<float> values) {
  if (tensor.type == kDoubles) {
    for (size_t i = 0; i < values.size(); ++i) {
      double number = 0;
      std::memcpy(&number, tensor.data.data() + (first + i) * sizeof(number), sizeof(number));
      values[i] = static_cast<float>(number);
    }
    return;
  }
  const NumberFormat format = *ParseNumberFormat(tensor.type);
  const auto bytes = static_cast<size_t>(BytesPerNumber(format));
  Unpack(format, tensor.data.subspan(first * bytes, values.size() * bytes), values);
}

// Returns "a, b and 3 more".
std::string FirstNames(const std::vector<std::string>& names) {
  constexpr size_t kShown = 3;
  const size_t shown = std::min(kShown, names.size());
  const std::string text = fmt::format(
      "{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return names.size() == shown ? text : fmt::format("{} and {} more", text, names.size() - shown);
}

// True for buffers that older checkpoints of the family hold. They follow from the configuration.
bool IsKnownBuffer(const std::string& name) {
  return name.ends_with(".rotary_emb.inv_freq") || name.ends_with(".attn.masked_bias");
}

bool IsFloating(const std::string& type) {
  return FormatOfType(type).has_value() || type.starts_with("F8") || type.starts_with("F6") ||
         type.starts_with("F4");
}

// True if two tensors hold equal numbers, whatever their formats; like torch.equal, false for NaN.
bool HaveEqualNumbers(const SafetensorsTensor& left, const SafetensorsTensor& right) {
  if (left.shape != right.shape || !FormatOfType(left.type).has_value() ||
      !FormatOfType(right.type).has_value()) {
    return false;
  }
  constexpr size_t kPart = 1 << 16;
  size_t count = 1;
  for (const int64_t size : left.shape) count *= static_cast<size_t>(size);
  std::vector<float> of_left(kPart);
  std::vector<float> of_right(kPart);
  for (size_t first = 0; first < count; first += kPart) {
    const size_t size = std::min(kPart, count - first);
    ReadNumbers(left, first, std::span(of_left).first(size));
    ReadNumbers(right, first, std::span(of_right).first(size));
    if (!std::equal(of_left.begin(), of_left.begin() + static_cast<std::ptrdiff_t>(size),
                    of_right.begin())) {
      return false;
    }
  }
  return true;
}

// config.json may name the file that holds the weights. Another one would be read here.
absl::Status CheckNamesNoWeights(const Json& config, const std::string& path) {
  const auto found = config.find("transformers_weights");
  if (found == config.end() || found->is_null()) return absl::OkStatus();
  return absl::UnimplementedError(fmt::format(
      "{}: \"transformers_weights\" is {}, which is not supported; supported: no such key, and the "
      "weights in {} or the files of {}",
      path, found->dump(-1, ' ', false, Json::error_handler_t::replace), kSingle, kIndex));
}

}  // namespace

absl::StatusOr<std::unique_ptr<HuggingFaceCheckpoint>> HuggingFaceCheckpoint::Open(
    const std::string& folder) {
  std::unique_ptr<HuggingFaceCheckpoint> checkpoint(new HuggingFaceCheckpoint);
  checkpoint->folder_ = folder;
  // The name does not include the empty last part of a path that ends with a slash.
  const std::filesystem::path path = std::filesystem::weakly_canonical(folder);
  checkpoint->name_ = (path.has_filename() ? path : path.parent_path()).filename().string();
  const std::string config_path = PathOf(folder, kConfig);
  STRATA_ASSIGN_OR_RETURN(const Json json, ReadJsonObject(config_path));
  STRATA_ASSIGN_OR_RETURN(const ModelConfig config, ReadHuggingFaceConfig(json, config_path));
  checkpoint->config_ = config;
  STRATA_RETURN_IF_ERROR(CheckNamesNoWeights(json, config_path));
  const auto context = json.find("max_position_embeddings");
  if (context != json.end() && context->is_number_unsigned()) {
    checkpoint->context_tokens_ =
        static_cast<int64_t>(std::min<uint64_t>(context->get<uint64_t>(), 1u << 30));
  }
  STRATA_RETURN_IF_ERROR(checkpoint->OpenShards());
  checkpoint->UntieDifferentHead();
  STRATA_RETURN_IF_ERROR(checkpoint->CheckTensors());
  return checkpoint;
}

absl::Status HuggingFaceCheckpoint::OpenShards() {
  const std::string index_path = PathOf(folder_, kIndex);
  if (Exists(PathOf(folder_, kSingle))) {
    if (Exists(index_path)) {
      notes_.push_back(fmt::format(
          "{}: {} is read, as transformers reads it; {} and the files that it lists are not",
          folder_, kSingle, kIndex));
    }
    return AddShard(kSingle);
  }
  if (Exists(index_path)) return OpenIndex(kIndex);
  if (Exists(PathOf(folder_, kBitmapIndex))) {
    STRATA_RETURN_IF_ERROR(OpenIndex(kBitmapIndex));
    return OpenBitmaps();
  }
  const bool pickled = Exists(PathOf(folder_, "pytorch_model.bin")) ||
                       Exists(PathOf(folder_, "pytorch_model.bin.index.json"));
  return absl::NotFoundError(
      fmt::format("{}: expected {}, {} or {}, found none{}", folder_, kSingle, kIndex, kBitmapIndex,
                  pickled ? "; pytorch_model.bin is not read: save the model again with "
                            "transformers, which writes safetensors"
                          : ""));
}

absl::Status HuggingFaceCheckpoint::OpenIndex(const std::string& name) {
  index_ = name;
  const std::string index_path = PathOf(folder_, name);
  const auto index = ReadIndex(index_path);
  if (!index.ok()) return index.status();
  std::map<std::string, int> tensors_of;
  for (const auto& [tensor, shard] : *index) ++tensors_of[shard];
  std::vector<std::string> missing;
  for (const auto& [shard, count] : tensors_of) {
    if (!Exists(PathOf(folder_, shard))) {
      missing.push_back(fmt::format("{} ({} tensors)", shard, count));
    }
  }
  if (!missing.empty()) {
    return absl::NotFoundError(fmt::format("{}: {} of {} files are missing: {}", index_path,
                                           missing.size(), tensors_of.size(),
                                           fmt::join(missing, ", ")));
  }
  for (const auto& [shard, count] : tensors_of) {
    STRATA_RETURN_IF_ERROR(AddShard(shard));
  }
  for (const auto& [tensor, shard] : *index) {
    if (!shards_[shard]->tensors().contains(tensor)) not_held_[tensor] = shard;
  }
  return absl::OkStatus();
}

absl::Status HuggingFaceCheckpoint::AddShard(const std::string& name) {
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<SafetensorsFile> file,
                          SafetensorsFile::Open(PathOf(folder_, name)));
  for (const auto& [tensor, stored] : file->tensors()) {
    if (tensors_.emplace(tensor, &stored).second) continue;
    return absl::InvalidArgumentError(
        fmt::format("{}: \"{}\" is in two files, expected one", file->path(), tensor));
  }
  shards_[name] = std::move(file);
  return absl::OkStatus();
}

absl::Status HuggingFaceCheckpoint::OpenBitmaps() {
  for (const auto& [name, file] : shards_) {
    const auto version = file->metadata().find(kBitmapKey);
    if (version != file->metadata().end() && version->second == kBitmapVersion) continue;
    return absl::DataLossError(
        fmt::format("{}: __metadata__: expected \"{}\" to be \"{}\", found {}", file->path(),
                    kBitmapKey, kBitmapVersion,
                    version == file->metadata().end() ? "nothing" : '"' + version->second + '"'));
  }
  auto taken = TakeBitmaps(&tensors_);
  if (!taken.ok()) {
    return absl::DataLossError(
        fmt::format("{}: {}", folder_, std::string(taken.status().message())));
  }
  bitmaps_ = *std::move(taken);
  for (const auto& [name, matrix] : bitmaps_) tensors_.emplace(name, &matrix.tensor());
  return absl::OkStatus();
}

// Leaves a tied head tied if the files hold none, or a copy of the embedding.
void HuggingFaceCheckpoint::UntieDifferentHead() {
  if (!config_.tied) return;
  const std::string head_name = ModelTensorName(config_, ModelPart::kHead);
  const std::string embedding_name = ModelTensorName(config_, ModelPart::kEmbedding);
  const auto head = tensors_.find(head_name);
  const auto embedding = tensors_.find(embedding_name);
  if (head == tensors_.end() || embedding == tensors_.end()) return;
  if (bitmaps_.contains(head_name) || bitmaps_.contains(embedding_name)) return;  // refused later
  const bool same = HaveEqualNumbers(*head->second, *embedding->second);
  ForgetPages(head->second->data);
  ForgetPages(embedding->second->data);
  if (same) return;
  config_.tied = false;
  notes_.push_back(fmt::format(
      "{}: {} ties the output head to the embedding, and {} differs from {}; the two are read as "
      "they are, untied, as transformers does",
      folder_, kConfig, head_name, embedding_name));
}

absl::Status HuggingFaceCheckpoint::CheckTensors() {
  // The tensors of a configuration with more blocks than the files have must not all be listed.
  if (static_cast<size_t>(config_.blocks) > tensors_.size()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: num_hidden_layers is {}, and the files hold only {} tensors",
                    PathOf(folder_, kConfig), config_.blocks, tensors_.size()));
  }
  // A checkpoint of the model without its head lacks the prefix.
  const std::string embedding = ModelTensorName(config_, ModelPart::kEmbedding);
  lacks_prefix_ = !tensors_.contains(embedding) && embedding.starts_with(kPrefix) &&
                  tensors_.contains(embedding.substr(kPrefix.size()));
  std::set<std::string> used;
  for (const NamedShape& expected : TensorsOf(config_)) {
    const auto found = tensors_.find(StoredName(expected.name));
    if (const auto lost = not_held_.find(StoredName(expected.name)); lost != not_held_.end()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: the index expects \"{}\" in {}, which does not hold it",
                      PathOf(folder_, index_), lost->first, lost->second));
    }
    if (found == tensors_.end()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected a tensor \"{}\", found none", folder_, expected.name));
    }
    if (found->second->shape != expected.shape) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: {} has shape [{}], expected [{}] from {}", folder_, expected.name,
          fmt::join(found->second->shape, ", "), fmt::join(expected.shape, ", "), kConfig));
    }
    if (!FormatOfType(found->second->type).has_value()) {
      return absl::UnimplementedError(
          fmt::format("{}: {} is of type {}; supported: F32, F16, BF16, F64", folder_,
                      expected.name, found->second->type));
    }
    if (!expected.is_linear && bitmaps_.contains(found->first)) {
      return absl::DataLossError(
          fmt::format("{}: {}: expected a dense tensor, found a bitmap, which only linears may be",
                      folder_, expected.name));
    }
    used.insert(found->first);
  }
  return KeepUnused(used);
}

absl::Status HuggingFaceCheckpoint::KeepUnused(const std::set<std::string>& used) {
  std::vector<std::string> unread;
  for (const auto& [name, tensor] : tensors_) {
    if (used.contains(name)) continue;
    if (bitmaps_.contains(name)) {
      return absl::DataLossError(
          fmt::format("{}: \"{}\" is a bitmap, and {} has no such linear", folder_, name, kConfig));
    }
    unused_.emplace(name, tensor);
    // A head beside a tied embedding is a copy that transformers does not read.
    if (IsKnownBuffer(name) || name == ModelTensorName(config_, ModelPart::kHead)) continue;
    if (IsInABlock(name) && !tensor->data.empty() && IsFloating(tensor->type)) {
      return absl::UnimplementedError(
          fmt::format("{}: the tensor \"{}\" belongs to no model of the family \"{}\" as {} "
                      "describes it",
                      folder_, name, config_.family->name, kConfig));
    }
    unread.push_back(name);
  }
  if (!unread.empty()) {
    notes_.push_back(fmt::format("{}: {} tensors that {} does not ask for are left unread: {}",
                                 folder_, unread.size(), kConfig, FirstNames(unread)));
  }
  std::vector<std::string> not_held;
  for (const auto& [name, shard] : not_held_) not_held.push_back(name);
  if (!not_held.empty()) {
    notes_.push_back(fmt::format("{}: no file holds these {} tensors, and none is needed: {}",
                                 PathOf(folder_, index_), not_held.size(), FirstNames(not_held)));
  }
  return absl::OkStatus();
}

bool HuggingFaceCheckpoint::IsInABlock(const std::string& name) const {
  const std::string first = StoredName(LinearName(config_, 0, 0));
  const std::string_view prefix = std::string_view(first).substr(0, first.find(".0.") + 1);
  if (!name.starts_with(prefix)) return false;
  int64_t block = 0;
  const char* digits = name.data() + prefix.size();
  const auto [end, error] = std::from_chars(digits, name.data() + name.size(), block);
  return error == std::errc() && block < config_.blocks;
}

const SafetensorsTensor* HuggingFaceCheckpoint::Find(const std::string& name) const {
  const auto found = tensors_.find(StoredName(name));
  return found == tensors_.end() || unused_.contains(found->first) ? nullptr : found->second;
}

const BitmapMatrix* HuggingFaceCheckpoint::FindBitmap(const std::string& name) const {
  const auto found = bitmaps_.find(StoredName(name));
  return found == bitmaps_.end() ? nullptr : &found->second;
}

absl::StatusOr<std::string> HuggingFaceCheckpoint::Digest() const {
  std::string digests;
  const auto add = [&](const std::string& name) {
    const absl::StatusOr<std::string> digest = Sha256OfFile(PathOf(folder_, name));
    if (digest.ok()) digests += fmt::format("{} {}\n", *digest, name);
    return digest.status();
  };
  STRATA_RETURN_IF_ERROR(add(kConfig));
  for (const auto& [name, file] : shards_) {
    STRATA_RETURN_IF_ERROR(add(name));
  }
  for (const std::string& name : TokenizerFiles(folder_)) STRATA_RETURN_IF_ERROR(add(name));
  return Sha256(digests);
}

std::string HuggingFaceCheckpoint::StoredName(const std::string& name) const {
  return lacks_prefix_ && name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

std::optional<NumberFormat> HuggingFaceCheckpoint::FormatOf(const std::string& name) const {
  const SafetensorsTensor* tensor = Find(name);
  return tensor == nullptr ? std::nullopt : FormatOfType(tensor->type);
}

absl::Status HuggingFaceCheckpoint::ReadRows(const std::string& name, int64_t first_row,
                                             std::span<float> values) const {
  const SafetensorsTensor* tensor = Find(name);
  if (tensor == nullptr) {
    return absl::NotFoundError(fmt::format("{}: no tensor \"{}\"", folder_, name));
  }
  if (const BitmapMatrix* bitmap = FindBitmap(name); bitmap != nullptr) {
    bitmap->ReadRows(first_row, values);
    return absl::OkStatus();
  }
  const auto columns = static_cast<size_t>(tensor->shape.back());
  ReadNumbers(*tensor, static_cast<size_t>(first_row) * columns, values);
  return absl::OkStatus();
}

void HuggingFaceCheckpoint::Forget(const std::string& name) const {
  if (const BitmapMatrix* bitmap = FindBitmap(name); bitmap != nullptr) return bitmap->Forget();
  if (const SafetensorsTensor* tensor = Find(name); tensor != nullptr) ForgetPages(tensor->data);
}

}  // namespace strata::evaluator

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "evaluator/checkpoint/checkpoint_writer.h"
#include "evaluator/files/file_system.h"
#include "evaluator/formats/safetensors_writer.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "config.json";
constexpr const char* kTemplates = "additional_chat_templates";  // the subfolder that is copied

// True for files of weights. Those of the source would contradict the weights that are written.
bool HoldsWeights(const std::string& name) {
  constexpr const char* kEndings[] = {".safetensors", ".safetensors.index.json",
                                      ".bin",         ".bin.index.json",
                                      ".pt",          ".pth",
                                      ".gguf",        ".h5",
                                      ".msgpack",     ".onnx"};
  return std::ranges::any_of(kEndings, [&](const char* ending) { return name.ends_with(ending); });
}

const char* TorchName(NumberFormat format) {
  if (format == NumberFormat::kFloat32) return "float32";
  return format == NumberFormat::kFloat16 ? "float16" : "bfloat16";
}

// Removes what compressed-tensors says of zeros in the source: it would be wrong for other zeros,
// and no reader takes sparse formats any more. A section that says nothing else is removed whole.
// Returns true if anything was removed.
bool RemoveSparsityConfig(nlohmann::ordered_json* config) {
  bool removed = false;
  for (const char* key : {"quantization_config", "compression_config"}) {
    const auto section = config->find(key);
    if (section == config->end() || !section->is_object()) continue;
    if (section->erase("sparsity_config") == 0) continue;
    removed = true;
    const auto groups = section->find("config_groups");
    if (groups == section->end() || groups->empty()) config->erase(key);
  }
  return removed;
}

class HuggingFaceWriter : public CheckpointWriter {
 public:
  HuggingFaceWriter(const HuggingFaceCheckpoint& source, const CheckpointWriterOptions& options)
      : source_(source), options_(options) {
    std::vector<PlannedTensor> tensors;
    for (const NamedShape& tensor : TensorsOf(source.config())) {
      const NumberFormat format = options.format.value_or(*source.FormatOf(tensor.name));
      stored_[tensor.name] = {
          .name = tensor.name, .format = format, .columns = tensor.shape.back()};
      int64_t bytes = BytesPerNumber(format);
      for (const int64_t size : tensor.shape) bytes *= size;
      tensors.push_back({tensor.name, NameOf(format), tensor.shape, bytes});
    }
    for (const auto& [name, tensor] : source.unused()) {
      tensors.push_back(
          {name, tensor->type, tensor->shape, static_cast<int64_t>(tensor->data.size())});
    }
    plan_ = SafetensorsPlan::Of(tensors, options.shard_bytes);
  }

  absl::Status ListOtherFiles() {
    std::error_code error;
    STRATA_RETURN_IF_ERROR(ListFiles(""));
    if (fs::is_directory(fs::path(source_.path()) / kTemplates, error)) {
      STRATA_RETURN_IF_ERROR(ListFiles(kTemplates));
    }
    std::ranges::sort(others_);
    return absl::OkStatus();
  }

  int64_t bytes() const override { return plan_.bytes() + other_bytes_; }

  std::vector<std::string> files() const override {
    std::vector<std::string> names;
    for (const SafetensorsPlan::Shard& shard : plan_.shards) names.push_back(shard.file);
    names.insert(names.end(), others_.begin(), others_.end());
    return names;
  }

  absl::Status Start(const std::string& path) override {
    folder_ = path;
    STRATA_RETURN_IF_ERROR(MakeFolder(path));
    STRATA_ASSIGN_OR_RETURN(TensorOutput output, CreateSafetensors(plan_, path));
    output_ = std::move(output);
    for (const std::string& name : others_) {
      const fs::path parent = fs::path(name).parent_path();
      std::error_code error;
      if (!parent.empty() && !fs::exists(fs::path(path) / parent, error)) {
        STRATA_RETURN_IF_ERROR(MakeFolder((fs::path(path) / parent).string()));
      }
      STRATA_RETURN_IF_ERROR(CopyFile(name));
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    for (const auto& [name, tensor] : source_.unused()) {
      STRATA_RETURN_IF_ERROR(output_.Write(name, 0, tensor->data));
    }
    STRATA_RETURN_IF_ERROR(output_.Finish());
    return WriteSafetensorsIndex(plan_, folder_);
  }

 private:
  static absl::Status MakeFolder(const std::string& path) {
    std::error_code error;
    fs::create_directory(path, error);
    return error ? FileStatus(error.value(), "make the folder", path) : absl::OkStatus();
  }

  // Adds the files of a folder below the source's.
  absl::Status ListFiles(const fs::path& subfolder) {
    const std::string folder = (fs::path(source_.path()) / subfolder).string();
    std::error_code error;
    fs::directory_iterator entries(folder, error);
    if (error) return FileStatus(error.value(), "list the folder", folder);
    for (const fs::directory_entry& entry : entries) {
      const std::string name = entry.path().filename().string();
      const bool left_out = std::ranges::find(options_.left_out, name) != options_.left_out.end();
      if (!entry.is_regular_file(error) || HoldsWeights(name) || left_out) continue;
      others_.push_back((subfolder / name).string());
      other_bytes_ += static_cast<int64_t>(entry.file_size(error));
    }
    return absl::OkStatus();
  }

  absl::Status CopyFile(const std::string& name) const {
    const std::string path = (fs::path(source_.path()) / name).string();
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) return absl::DataLossError(fmt::format("{}: cannot read", path));
    if (name == kConfig) text = Config(text);
    return WriteNewFile((fs::path(folder_) / name).string(), text);
  }

  // Returns the configuration of what is written. Nothing but the stated format and stale keys
  // changes, and without either the text stays as it is.
  std::string Config(const std::string& text) const {
    auto json = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
    bool changed = RemoveSparsityConfig(&json);
    if (options_.format.has_value()) {
      // transformers loads the weights in the format that the configuration states.
      const char* key = json.contains("dtype") ? "dtype" : "torch_dtype";
      json[key] = TorchName(*options_.format);
      changed = true;
    }
    return changed ? json.dump(2) + "\n" : text;
  }

  const HuggingFaceCheckpoint& source_;
  CheckpointWriterOptions options_;
  SafetensorsPlan plan_;
  std::vector<std::string> others_;
  int64_t other_bytes_ = 0;
  std::string folder_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewHuggingFaceWriter(
    const HuggingFaceCheckpoint& source, const CheckpointWriterOptions& options) {
  auto writer = std::make_unique<HuggingFaceWriter>(source, options);
  STRATA_RETURN_IF_ERROR(writer->ListOtherFiles());
  return writer;
}

}  // namespace strata::evaluator

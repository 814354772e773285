#include "evaluator/checkpoint/copied_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "evaluator/files/file_system.h"
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

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directory(path, error);
  return error ? FileStatus(error.value(), "make the folder", path) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<CopiedFiles> CopiedFiles::Of(const std::string& source,
                                            const CheckpointWriterOptions& options) {
  CopiedFiles files;
  files.source_ = source;
  files.format_ = options.format;
  std::error_code error;
  STRATA_RETURN_IF_ERROR(files.List("", options.left_out));
  if (fs::is_directory(fs::path(source) / kTemplates, error)) {
    STRATA_RETURN_IF_ERROR(files.List(kTemplates, options.left_out));
  }
  std::ranges::sort(files.names_);
  return files;
}

absl::Status CopiedFiles::CopyTo(const std::string& folder) const {
  STRATA_RETURN_IF_ERROR(MakeFolder(folder));
  for (const std::string& name : names_) {
    const fs::path parent = fs::path(name).parent_path();
    std::error_code error;
    if (!parent.empty() && !fs::exists(fs::path(folder) / parent, error)) {
      STRATA_RETURN_IF_ERROR(MakeFolder((fs::path(folder) / parent).string()));
    }
    STRATA_RETURN_IF_ERROR(Copy(name, folder));
  }
  return absl::OkStatus();
}

// Adds the files of a folder below the source's.
absl::Status CopiedFiles::List(const fs::path& subfolder, const std::vector<std::string>& left) {
  const std::string folder = (fs::path(source_) / subfolder).string();
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) return FileStatus(error.value(), "list the folder", folder);
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    const bool left_out = std::ranges::find(left, name) != left.end();
    if (!entry.is_regular_file(error) || HoldsWeights(name) || left_out) continue;
    names_.push_back((subfolder / name).string());
    bytes_ += static_cast<int64_t>(entry.file_size(error));
  }
  return absl::OkStatus();
}

absl::Status CopiedFiles::Copy(const std::string& name, const std::string& folder) const {
  const std::string path = (fs::path(source_) / name).string();
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return absl::DataLossError(fmt::format("{}: cannot read", path));
  if (name == kConfig) text = Config(text);
  return WriteNewFile((fs::path(folder) / name).string(), text);
}

std::string CopiedFiles::Config(const std::string& text) const {
  auto json = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  bool changed = RemoveSparsityConfig(&json);
  if (format_.has_value()) {
    // transformers loads the weights in the format that the configuration states.
    const char* key = json.contains("dtype") ? "dtype" : "torch_dtype";
    json[key] = TorchName(*format_);
    changed = true;
  }
  return changed ? json.dump(2) + "\n" : text;
}

}  // namespace strata::evaluator

#include "evaluator/tasks/context_length.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "evaluator/checkpoint/hugging_face_config.h"
#include "evaluator/formats/gguf_file.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

using nlohmann::json;

constexpr int64_t kDefaultTokens = 2048;
// A tokenizer without a limit writes a number larger than any context length.
constexpr double kNoLimit = 1e9;

std::optional<int64_t> Positions(const json& config) {
  for (const char* key : {"n_positions", "max_position_embeddings", "n_ctx"}) {
    const auto found = config.find(key);
    if (found != config.end() && found->is_number_integer()) return found->get<int64_t>();
  }
  return std::nullopt;
}

absl::StatusOr<int64_t> OfDirectory(const std::filesystem::path& folder) {
  STRATA_ASSIGN_OR_RETURN(const json config,
                          evaluator::ReadJsonObject((folder / "config.json").string()));
  const auto text_config = config.find("text_config");
  const bool is_nested = text_config != config.end() && text_config->is_object();
  if (const auto positions = Positions(is_nested ? *text_config : config)) return *positions;
  const std::filesystem::path tokenizer_config = folder / "tokenizer_config.json";
  if (!std::filesystem::exists(tokenizer_config)) return kDefaultTokens;
  STRATA_ASSIGN_OR_RETURN(const json tokenizer,
                          evaluator::ReadJsonObject(tokenizer_config.string()));
  const auto length = tokenizer.find("model_max_length");
  if (length == tokenizer.end() || !length->is_number() || length->get<double>() > kNoLimit) {
    return kDefaultTokens;
  }
  return length->get<int64_t>();
}

}  // namespace

absl::StatusOr<int64_t> ContextLength(const std::string& model_path) {
  if (std::filesystem::is_directory(model_path)) return OfDirectory(model_path);
  STRATA_ASSIGN_OR_RETURN(const auto file, evaluator::GgufFile::Open(model_path));
  STRATA_ASSIGN_OR_RETURN(const std::string architecture, file->String("general.architecture"));
  const std::string key = architecture + ".context_length";
  if (!file->metadata().contains(key)) return kDefaultTokens;
  return file->Integer(key);
}

absl::StatusOr<int64_t> ReadableTokens(const std::string& model_path, int64_t maximum_tokens) {
  if (maximum_tokens == 0) {
    STRATA_ASSIGN_OR_RETURN(const auto length, ContextLength(model_path));
    maximum_tokens = length;
  }
  if (maximum_tokens >= 2) return maximum_tokens;
  return absl::InvalidArgumentError(
      fmt::format("expected a model that reads at least 2 tokens, found {}", maximum_tokens));
}

}  // namespace strata::tasks

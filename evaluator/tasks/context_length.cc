#include "evaluator/tasks/context_length.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "evaluator/checkpoint/hugging_face_config.h"
#include "evaluator/formats/gguf_file.h"

namespace strata::tasks {
namespace {

using nlohmann::json;

constexpr int64_t kDefaultTokens = 2048;
// A tokenizer that knows no limit writes a number beyond all lengths.
constexpr double kNoLimit = 1e9;

std::optional<int64_t> Positions(const json& config) {
  for (const char* key : {"n_positions", "max_position_embeddings", "n_ctx"}) {
    const auto found = config.find(key);
    if (found != config.end() && found->is_number_integer()) return found->get<int64_t>();
  }
  return std::nullopt;
}

absl::StatusOr<int64_t> OfDirectory(const std::filesystem::path& folder) {
  const absl::StatusOr<json> config = evaluator::ReadJsonObject((folder / "config.json").string());
  if (!config.ok()) return config.status();
  const auto text_config = config->find("text_config");
  const bool is_nested = text_config != config->end() && text_config->is_object();
  if (const auto positions = Positions(is_nested ? *text_config : *config)) return *positions;
  const std::filesystem::path tokenizer_config = folder / "tokenizer_config.json";
  if (!std::filesystem::exists(tokenizer_config)) return kDefaultTokens;
  const absl::StatusOr<json> tokenizer = evaluator::ReadJsonObject(tokenizer_config.string());
  if (!tokenizer.ok()) return tokenizer.status();
  const auto length = tokenizer->find("model_max_length");
  if (length == tokenizer->end() || !length->is_number() || length->get<double>() > kNoLimit) {
    return kDefaultTokens;
  }
  return length->get<int64_t>();
}

}  // namespace

absl::StatusOr<int64_t> ContextLength(const std::string& model_path) {
  if (std::filesystem::is_directory(model_path)) return OfDirectory(model_path);
  const auto file = evaluator::GgufFile::Open(model_path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<std::string> architecture = (*file)->String("general.architecture");
  if (!architecture.ok()) return architecture.status();
  const std::string key = *architecture + ".context_length";
  if (!(*file)->metadata().contains(key)) return kDefaultTokens;
  return (*file)->Integer(key);
}

absl::StatusOr<int64_t> ReadableTokens(const std::string& model_path, int64_t maximum_tokens) {
  if (maximum_tokens == 0) {
    const auto length = ContextLength(model_path);
    if (!length.ok()) return length.status();
    maximum_tokens = *length;
  }
  if (maximum_tokens >= 2) return maximum_tokens;
  return absl::InvalidArgumentError(
      fmt::format("expected a model that reads at least 2 tokens, found {}", maximum_tokens));
}

}  // namespace strata::tasks

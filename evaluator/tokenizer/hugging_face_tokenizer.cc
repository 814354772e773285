#include "evaluator/tokenizer/hugging_face_tokenizer.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "evaluator/files/file_system.h"
#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/sentencepiece_model.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "evaluator/tokenizer/tokenizer_config.h"
#include "evaluator/tokenizer/tokenizer_json.h"
#include "evaluator/tokenizer/vocabulary_files.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::StatusOr<TokenizerDescription> ReadSentencePieceFile(const std::string& path,
                                                           const TokenizerConfig& config) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileStatus(errno, "open", path);
  std::stringstream contents;
  contents << file.rdbuf();
  return ReadSentencePieceModel(contents.view(), path, config.legacy.value_or(false));
}

constexpr char kTokenizerJson[] = "tokenizer.json";
constexpr char kSentencePiece[] = "tokenizer.model";
constexpr char kVocabulary[] = "vocab.json";

bool Has(const std::string& directory, const std::string& name) {
  return std::filesystem::exists(fmt::format("{}/{}", directory, name));
}

std::string TokenizerJsonPath(const std::string& directory) {
  return fmt::format("{}/{}", directory, kTokenizerJson);
}

absl::StatusOr<TokenizerDescription> ReadFiles(const std::string& directory,
                                               const TokenizerConfig& config) {
  if (Has(directory, kTokenizerJson)) {
    const std::string path = TokenizerJsonPath(directory);
    STRATA_ASSIGN_OR_RETURN(const nlohmann::json json, ReadJsonFile(path));
    return ReadTokenizerJson(json, path);
  }
  if (Has(directory, kSentencePiece)) {
    return ReadSentencePieceFile(fmt::format("{}/{}", directory, kSentencePiece), config);
  }
  if (Has(directory, kVocabulary)) return ReadVocabularyFiles(directory, config);
  return absl::NotFoundError(fmt::format(
      "{}: expected tokenizer.json, tokenizer.model, or vocab.json with merges.txt in it",
      directory));
}

std::optional<int32_t> FindToken(const TokenizerDescription& description, const std::string& text) {
  for (int32_t id = 0; id < description.size(); ++id) {
    if (description.tokens[id] == text) return id;
  }
  return std::nullopt;
}

// Sets `target` to the token that the files beside the tokenizer name, by text or, failing that, by
// id.
absl::Status NameToken(const std::string& directory, const TokenizerConfig& config,
                       const std::string& name, const std::optional<int64_t>& id,
                       const TokenizerDescription& description, std::optional<int32_t>& target) {
  if (const auto found = config.named_tokens.find(name); found != config.named_tokens.end()) {
    const std::optional<int32_t> token = FindToken(description, found->second.text);
    if (!token.has_value()) {
      return absl::InvalidArgumentError(
          fmt::format("{}/tokenizer_config.json: {}: expected a token of the vocabulary, found "
                      "\"{}\"",
                      directory, name, found->second.text));
    }
    target = token;
  } else if (!target.has_value() && id.has_value() && !config.denied_tokens.contains(name)) {
    if (*id < 0 || *id >= description.size()) {
      return absl::InvalidArgumentError(
          fmt::format("{}/config.json: {}_id: expected an id from 0 to {}, found {}", directory,
                      name, description.size() - 1, *id));
    }
    target = static_cast<int32_t>(*id);
  }
  return absl::OkStatus();
}

absl::Status AddToken(const std::string& directory, const AddedToken& token, int64_t id,
                      TokenizerDescription& description) {
  constexpr int64_t kMostUnusedIds = 65536;
  if (id < 0 || id > description.size() + kMostUnusedIds) {
    return absl::InvalidArgumentError(fmt::format(
        "{}/tokenizer_config.json: added_tokens_decoder: expected ids from 0 to {}, found {}",
        directory, description.size() + kMostUnusedIds, id));
  }
  const auto place = static_cast<size_t>(id);
  if (place >= description.tokens.size()) {
    description.tokens.resize(place + 1);
    description.types.resize(place + 1, TokenType::kUnused);
    if (!description.scores.empty()) description.scores.resize(place + 1);
  }
  std::string& text = description.tokens[place];
  if (!text.empty() && text != token.text) {
    return absl::InvalidArgumentError(fmt::format(
        "{}/tokenizer_config.json: added_tokens_decoder: {}: expected \"{}\" as in {}, found "
        "\"{}\"",
        directory, id, text, description.source, token.text));
  }
  text = token.text;
  for (const AddedToken& known : description.added_tokens) {
    if (known.id == id) return absl::OkStatus();
  }
  if (description.types[place] != TokenType::kUnknown) {
    description.types[place] = token.special ? TokenType::kControl : TokenType::kUserDefined;
  }
  description.added_tokens.push_back(token);
  description.added_tokens.back().id = static_cast<int32_t>(id);
  return absl::OkStatus();
}

// Adds the tokens that the files beside the tokenizer add to its own.
absl::Status AddTokens(const std::string& directory, const TokenizerConfig& config,
                       TokenizerDescription& description) {
  for (const auto& [id, token] : config.added_tokens) {
    absl::Status status = AddToken(directory, token, id, description);
    if (!status.ok()) return status;
  }
  for (const auto& [name, token] : config.named_tokens) {
    const std::optional<int32_t> id = FindToken(description, token.text);
    if (!id.has_value()) continue;
    absl::Status status = AddToken(directory, token, *id, description);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Follows transformers 5: the post-processor of tokenizer.json decides what is added, and the flags
// of tokenizer_config.json count only beside other files. A flag without its token counts as false.
absl::Status ApplyConfig(const std::string& directory, const TokenizerConfig& config,
                         TokenizerDescription& description) {
  const bool by_flags = !std::filesystem::exists(TokenizerJsonPath(directory)) &&
                        (config.adds_begin.has_value() || config.adds_end.has_value());
  if (by_flags) {
    description.adds_begin =
        config.adds_begin.value_or(false) && config.named_tokens.count("bos_token") > 0;
    description.adds_end =
        config.adds_end.value_or(false) && config.named_tokens.count("eos_token") > 0;
  }
  std::optional<int32_t> begin = by_flags ? std::nullopt : description.begin;
  std::optional<int32_t> end = by_flags ? std::nullopt : description.end;
  absl::Status status =
      NameToken(directory, config, "bos_token", config.begin_id, description, begin);
  if (!status.ok()) return status;
  status = NameToken(directory, config, "eos_token", config.end_id, description, end);
  if (!status.ok()) return status;
  // A token that the post-processor adds takes precedence over the one that the files name.
  if (by_flags || !description.adds_begin) description.begin = begin;
  if (by_flags || !description.adds_end) description.end = end;
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> TokenizerFiles(const std::string& directory) {
  std::vector<std::string> names;
  if (Has(directory, kTokenizerJson)) {
    names = {kTokenizerJson};
  } else if (Has(directory, kSentencePiece)) {
    names = {kSentencePiece};
  } else if (Has(directory, kVocabulary)) {
    names = {kVocabulary, "merges.txt"};
  }
  for (const char* beside : {"special_tokens_map.json", "tokenizer_config.json"}) {
    if (!names.empty() && Has(directory, beside)) names.emplace_back(beside);
  }
  return names;
}

absl::StatusOr<TokenizerDescription> ReadHuggingFaceTokenizer(const std::string& directory) {
  STRATA_ASSIGN_OR_RETURN(const TokenizerConfig config, ReadTokenizerConfig(directory));
  absl::StatusOr<TokenizerDescription> description = ReadFiles(directory, config);
  if (!description.ok()) return description.status();
  absl::Status status = AddTokens(directory, config, *description);
  if (!status.ok()) return status;
  if (status = ApplyConfig(directory, config, *description); !status.ok()) return status;
  if (status = Validate(*description); !status.ok()) return status;
  return description;
}

}  // namespace strata::evaluator

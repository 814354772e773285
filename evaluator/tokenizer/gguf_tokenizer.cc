#include "evaluator/tokenizer/gguf_tokenizer.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "evaluator/tokenizer/fallback_bytes.h"
#include "evaluator/tokenizer/gguf_pre_tokenizers.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr const char* kTypes = "tokenizer.ggml.token_type";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kMerges = "tokenizer.ggml.merges";

bool IsSpecial(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined ||
         type == TokenType::kUnknown;
}

absl::StatusOr<std::vector<TokenType>> ReadTypes(const GgufFile& file, size_t tokens) {
  const auto found = file.metadata().find(kTypes);
  if (found == file.metadata().end()) {
    return std::vector<TokenType>(tokens, TokenType::kNormal);
  }
  const auto* values = std::get_if<std::vector<int64_t>>(&found->second);
  if (values == nullptr || values->size() != tokens) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {}: expected {} integers, one per token, found {}", file.path(), kTypes,
                    tokens, values == nullptr ? "another type" : std::to_string(values->size())));
  }
  std::vector<TokenType> types;
  types.reserve(tokens);
  for (size_t id = 0; id < tokens; ++id) {
    const int64_t value = (*values)[id];
    if (value < 1 || value > 6) {
      return absl::InvalidArgumentError(
          fmt::format("{}: {}: token {}: expected a type from 1 to 6, found {}", file.path(),
                      kTypes, id, value));
    }
    types.push_back(static_cast<TokenType>(value));
  }
  return types;
}

absl::StatusOr<std::vector<double>> ReadScores(const GgufFile& file, int32_t tokens) {
  const auto found = file.metadata().find(kScores);
  if (found == file.metadata().end()) {
    return absl::NotFoundError(fmt::format("{}: no metadata \"{}\"", file.path(), kScores));
  }
  const auto* scores = std::get_if<std::vector<double>>(&found->second);
  if (scores == nullptr || static_cast<int32_t>(scores->size()) != tokens) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: {}: expected {} real numbers, one per token, found {}", file.path(), kScores, tokens,
        scores == nullptr ? "another type" : std::to_string(scores->size())));
  }
  for (int32_t id = 0; id < tokens; ++id) {
    if (std::isnan((*scores)[id])) {
      return absl::InvalidArgumentError(
          fmt::format("{}: {}: token {}: expected a number, found NaN", file.path(), kScores, id));
    }
  }
  return *scores;
}

absl::StatusOr<std::optional<int32_t>> ReadOptionalId(const GgufFile& file, const std::string& key,
                                                      int32_t tokens) {
  if (file.metadata().count(key) == 0) return std::nullopt;
  const absl::StatusOr<int64_t> id = file.Integer(key);
  if (!id.ok()) return id.status();
  if (*id < 0 || *id >= tokens) {
    return absl::InvalidArgumentError(fmt::format("{}: {}: expected an id from 0 to {}, found {}",
                                                  file.path(), key, tokens - 1, *id));
  }
  return static_cast<int32_t>(*id);
}

absl::StatusOr<bool> ReadBool(const GgufFile& file, const std::string& key, bool if_absent) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return if_absent;
  if (const bool* value = std::get_if<bool>(&found->second)) return *value;
  return absl::InvalidArgumentError(
      fmt::format("{}: {}: expected a truth value, found another type", file.path(), key));
}

absl::Status ReadVocabulary(const GgufFile& file, TokenizerDescription& description) {
  const absl::StatusOr<const std::vector<std::string>*> tokens =
      file.Strings("tokenizer.ggml.tokens");
  if (!tokens.ok()) return tokens.status();
  if ((*tokens)->empty() || (*tokens)->size() > size_t{std::numeric_limits<int32_t>::max()}) {
    return absl::InvalidArgumentError(
        fmt::format("{}: tokenizer.ggml.tokens: expected 1 to 2^31 - 1 tokens, found {}",
                    file.path(), (*tokens)->size()));
  }
  description.tokens = **tokens;
  STRATA_ASSIGN_OR_RETURN(std::vector<TokenType> types, ReadTypes(file, description.tokens.size()));
  description.types = std::move(types);
  for (int32_t id = 0; id < description.size(); ++id) {
    const TokenType type = description.types[id];
    if (!IsSpecial(type)) continue;
    description.added_tokens.push_back(
        {.id = id, .text = description.tokens[id], .special = type != TokenType::kUserDefined});
  }
  return absl::OkStatus();
}

absl::Status ReadNamedTokens(const GgufFile& file, bool begins_by_default,
                             TokenizerDescription& description) {
  const std::pair<const char*, std::optional<int32_t>*> ids[] = {
      {"tokenizer.ggml.bos_token_id", &description.begin},
      {"tokenizer.ggml.eos_token_id", &description.end}};
  for (const auto& [key, target] : ids) {
    STRATA_ASSIGN_OR_RETURN(const std::optional<int32_t> id,
                            ReadOptionalId(file, key, description.size()));
    *target = id;
  }
  STRATA_ASSIGN_OR_RETURN(const bool adds_begin,
                          ReadBool(file, "tokenizer.ggml.add_bos_token", begins_by_default));
  STRATA_ASSIGN_OR_RETURN(const bool adds_end,
                          ReadBool(file, "tokenizer.ggml.add_eos_token", false));
  description.adds_begin = adds_begin;
  description.adds_end = adds_end;
  if (description.adds_begin && !description.begin.has_value()) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: texts of this tokenizer start with a begin token, but tokenizer.ggml.bos_token_id is "
        "absent",
        file.path()));
  }
  return absl::OkStatus();
}

absl::Status ReadMerges(const GgufFile& file, TokenizerDescription& description) {
  std::unordered_map<std::string_view, int32_t> ids;
  for (int32_t id = 0; id < description.size(); ++id) {
    if (!IsSpecial(description.types[id])) ids.emplace(description.tokens[id], id);
  }
  STRATA_ASSIGN_OR_RETURN(const std::vector<std::string>* merges, file.Strings(kMerges));
  description.merges.reserve(merges->size());
  for (size_t rank = 0; rank < merges->size(); ++rank) {
    const std::string& text = (*merges)[rank];
    const size_t space = text.find(' ', 1);
    const auto left = ids.find(std::string_view(text).substr(0, space));
    const auto right =
        space == std::string::npos ? ids.end() : ids.find(std::string_view(text).substr(space + 1));
    auto merged = ids.end();
    if (left != ids.end() && right != ids.end()) {
      merged = ids.find(description.tokens[left->second] + description.tokens[right->second]);
    }
    if (merged == ids.end()) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: {}: entry {} is \"{}\": expected two tokens that together are a token, with a space "
          "between",
          file.path(), kMerges, rank, text));
    }
    description.merges.push_back({left->second, right->second, merged->second});
  }
  return absl::OkStatus();
}

absl::Status ReadByteLevel(const GgufFile& file, TokenizerDescription& description) {
  STRATA_ASSIGN_OR_RETURN(const std::string name, file.String("tokenizer.ggml.pre"));
  absl::StatusOr<GgufPreTokenizer> pre_tokenizer = FindGgufPreTokenizer(name);
  if (!pre_tokenizer.ok()) {
    return {pre_tokenizer.status().code(),
            fmt::format("{}: {}", file.path(), std::string(pre_tokenizer.status().message()))};
  }
  description.scheme = TokenizerScheme::kRankedMerges;
  description.byte_level = true;
  description.ignores_merges = pre_tokenizer->ignores_merges;
  description.pre_tokenizer = std::move(pre_tokenizer->steps);
  description.decoder = {ByteLevelDecoderStep{}};
  STRATA_RETURN_IF_ERROR(ReadMerges(file, description));
  return ReadNamedTokens(file, pre_tokenizer->begins_by_default, description);
}

// Checks that tokens of type byte are <0x00> to <0xFF>, and that there is an unknown token if one
// of them is missing.
absl::Status CheckBytes(const TokenizerDescription& description) {
  std::array<bool, 256> found{};
  for (int32_t id = 0; id < description.size(); ++id) {
    if (description.types[id] != TokenType::kByte) continue;
    const std::optional<unsigned char> byte = FallbackByte(description.tokens[id]);
    if (!byte.has_value()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: tokenizer.ggml.tokens: token {} is of type byte: expected <0x00> to "
                      "<0xFF>, found \"{}\"",
                      description.source, id, description.tokens[id]));
    }
    found[*byte] = true;
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (found[byte] || description.unknown.has_value()) continue;
    return absl::InvalidArgumentError(fmt::format(
        "{}: tokenizer.ggml.tokens: no token <0x{:02X}> of type byte, and no unknown token",
        description.source, byte));
  }
  return absl::OkStatus();
}

absl::Status ReadSentencePiece(const GgufFile& file, TokenizerDescription& description) {
  STRATA_ASSIGN_OR_RETURN(std::vector<double> scores, ReadScores(file, description.size()));
  STRATA_ASSIGN_OR_RETURN(const bool adds_space,
                          ReadBool(file, "tokenizer.ggml.add_space_prefix", true));
  STRATA_ASSIGN_OR_RETURN(
      const std::optional<int32_t> unknown,
      ReadOptionalId(file, "tokenizer.ggml.unknown_token_id", description.size()));
  description.scheme = TokenizerScheme::kScoredMerges;
  description.scores = std::move(scores);
  description.unknown = unknown;
  description.byte_fallback = true;
  STRATA_RETURN_IF_ERROR(CheckBytes(description));
  if (adds_space)
    description.normalizer.push_back(PrependStep{.content = "\u2581", .only_at_start = false});
  description.normalizer.push_back(
      ReplaceStep{.pattern = {.text = " ", .is_expression = false}, .content = "\u2581"});
  description.decoder = {SentencePieceDecoderStep{.drops_added_space = adds_space}};
  return ReadNamedTokens(file, /*begins_by_default=*/true, description);
}

}  // namespace

absl::StatusOr<TokenizerDescription> ReadGgufTokenizer(const GgufFile& file) {
  STRATA_ASSIGN_OR_RETURN(const std::string kind, file.String("tokenizer.ggml.model"));
  if (kind != "gpt2" && kind != "llama") {
    return absl::UnimplementedError(
        fmt::format("{}: tokenizer \"{}\" is not supported; supported are gpt2 (byte-level) and "
                    "llama (SentencePiece)",
                    file.path(), kind));
  }
  TokenizerDescription description;
  description.source = file.path();
  absl::Status status = ReadVocabulary(file, description);
  if (!status.ok()) return status;
  status = kind == "gpt2" ? ReadByteLevel(file, description) : ReadSentencePiece(file, description);
  if (!status.ok()) return status;
  if (status = Validate(description); !status.ok()) return status;
  return description;
}

}  // namespace strata::evaluator

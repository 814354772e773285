#include "evaluator/vocabulary.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace strata::evaluator {
namespace {

constexpr const char* kTypes = "tokenizer.ggml.token_type";

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

}  // namespace

absl::StatusOr<std::optional<bool>> ReadOptionalBool(const GgufFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return std::nullopt;
  if (const bool* value = std::get_if<bool>(&found->second)) return *value;
  return absl::InvalidArgumentError(
      fmt::format("{}: {}: expected a truth value, found another type", file.path(), key));
}

absl::StatusOr<Vocabulary> ReadVocabulary(const GgufFile& file) {
  const absl::StatusOr<const std::vector<std::string>*> tokens =
      file.Strings("tokenizer.ggml.tokens");
  if (!tokens.ok()) return tokens.status();
  if ((*tokens)->empty() || (*tokens)->size() > size_t{std::numeric_limits<int32_t>::max()}) {
    return absl::InvalidArgumentError(
        fmt::format("{}: tokenizer.ggml.tokens: expected 1 to 2^31 - 1 tokens, found {}",
                    file.path(), (*tokens)->size()));
  }
  Vocabulary vocabulary;
  vocabulary.tokens = **tokens;
  absl::StatusOr<std::vector<TokenType>> types = ReadTypes(file, vocabulary.tokens.size());
  if (!types.ok()) return types.status();
  vocabulary.types = *std::move(types);
  const absl::StatusOr<std::optional<int32_t>> begin =
      ReadOptionalId(file, "tokenizer.ggml.bos_token_id", vocabulary.size());
  if (!begin.ok()) return begin.status();
  vocabulary.begin = *begin;
  const absl::StatusOr<std::optional<int32_t>> unknown =
      ReadOptionalId(file, "tokenizer.ggml.unknown_token_id", vocabulary.size());
  if (!unknown.ok()) return unknown.status();
  vocabulary.unknown = *unknown;
  const absl::StatusOr<std::optional<bool>> adds_begin =
      ReadOptionalBool(file, "tokenizer.ggml.add_bos_token");
  if (!adds_begin.ok()) return adds_begin.status();
  vocabulary.adds_begin = *adds_begin;
  return vocabulary;
}

absl::StatusOr<int32_t> BeginToken(const GgufFile& file, const Vocabulary& vocabulary,
                                   bool by_default) {
  if (!vocabulary.adds_begin.value_or(by_default)) return -1;
  if (vocabulary.begin.has_value()) return *vocabulary.begin;
  return absl::InvalidArgumentError(fmt::format(
      "{}: texts of this tokenizer start with a begin token, but tokenizer.ggml.bos_token_id is "
      "absent",
      file.path()));
}

}  // namespace strata::evaluator

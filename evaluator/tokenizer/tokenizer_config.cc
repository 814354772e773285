#include "evaluator/tokenizer/tokenizer_config.h"

#include <charconv>
#include <filesystem>
#include <utility>

#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/tokenizer_json_components.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr const char* kNames[] = {"bos_token", "eos_token", "unk_token", "pad_token"};

// Reads a JSON file. Returns null if there is no such file.
absl::StatusOr<nlohmann::json> ReadOptionalJson(const std::string& path) {
  if (!std::filesystem::exists(path)) return nlohmann::json();
  return ReadJsonFile(path);
}

// Reads a token, which is its text or an object.
absl::StatusOr<AddedToken> ReadToken(const JsonField& field) {
  if (!field.value().is_string()) return ReadAddedToken(field, /*special_if_absent=*/true);
  AddedToken token;
  token.text = field.value().get<std::string>();
  return token;
}

bool IsNull(const JsonField& json, const char* key) {
  const auto found = json.value().find(key);
  return found != json.value().end() && found->is_null();
}

absl::Status ReadNamedTokens(const JsonField& json, TokenizerConfig& config) {
  for (const char* name : kNames) {
    if (IsNull(json, name) && !config.named_tokens.contains(name)) {
      config.denied_tokens.insert(name);
    }
    const std::optional<JsonField> field = json.Find(name);
    if (!field.has_value()) continue;
    config.denied_tokens.erase(name);
    STRATA_ASSIGN_OR_RETURN(AddedToken token, ReadToken(*field));
    token.special = true;
    config.named_tokens.emplace(name, std::move(token));
  }
  return absl::OkStatus();
}

absl::Status ReadAddedTokens(const JsonField& json, TokenizerConfig& config) {
  const std::optional<JsonField> tokens = json.Find("added_tokens_decoder");
  if (!tokens.has_value()) return absl::OkStatus();
  if (!tokens->value().is_object()) return tokens->Expected("an object");
  for (const auto& item : tokens->value().items()) {
    const std::string& key = item.key();
    int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size()) {
      return tokens->Expected("ids as keys");
    }
    STRATA_ASSIGN_OR_RETURN(const JsonField field, tokens->Member(key));
    STRATA_ASSIGN_OR_RETURN(AddedToken token, ReadToken(field));
    config.added_tokens.emplace(id, std::move(token));
  }
  return absl::OkStatus();
}

absl::Status ReadFlag(const JsonField& json, const char* key, std::optional<bool>& flag) {
  const std::optional<JsonField> field = json.Find(key);
  if (!field.has_value()) return absl::OkStatus();
  STRATA_ASSIGN_OR_RETURN(const bool value, field->Bool());
  flag = value;
  return absl::OkStatus();
}

absl::Status ReadOwnFile(const JsonField& json, TokenizerConfig& config) {
  STRATA_ASSIGN_OR_RETURN(const std::string name, json.StringOr("tokenizer_class", ""));
  config.tokenizer_class = name;
  const std::pair<const char*, std::optional<bool>*> flags[] = {
      {"add_bos_token", &config.adds_begin},
      {"add_eos_token", &config.adds_end},
      {"add_prefix_space", &config.adds_prefix_space},
      {"legacy", &config.legacy}};
  for (const auto& [key, flag] : flags) {
    STRATA_RETURN_IF_ERROR(ReadFlag(json, key, *flag));
  }
  if (IsNull(json, "add_bos_token")) config.adds_begin = false;
  if (IsNull(json, "add_eos_token")) config.adds_end = false;
  STRATA_RETURN_IF_ERROR(ReadNamedTokens(json, config));
  return ReadAddedTokens(json, config);
}

// Reads an id, or the first id of a list.
absl::Status ReadId(const JsonField& json, const char* key, std::optional<int64_t>& id) {
  std::optional<JsonField> field = json.Find(key);
  if (!field.has_value()) return absl::OkStatus();
  if (field->value().is_array()) {
    STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> items, field->Items());
    if (items.empty()) return absl::OkStatus();
    field = items.front();
  }
  STRATA_ASSIGN_OR_RETURN(const int64_t value, field->Integer());
  id = value;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TokenizerConfig> ReadTokenizerConfig(const std::string& directory) {
  TokenizerConfig config;
  const auto read = [&](const std::string& name, const auto& take) -> absl::Status {
    const std::string path = directory + "/" + name;
    STRATA_ASSIGN_OR_RETURN(const nlohmann::json json, ReadOptionalJson(path));
    return take(JsonField(json, path));
  };
  // If several files name a token, the first of them counts.
  absl::Status status = read("tokenizer_config.json",
                             [&](const JsonField& json) { return ReadOwnFile(json, config); });
  if (!status.ok()) return status;
  status = read("special_tokens_map.json",
                [&](const JsonField& json) { return ReadNamedTokens(json, config); });
  if (!status.ok()) return status;
  status = read("config.json", [&](const JsonField& json) {
    absl::Status begin = ReadId(json, "bos_token_id", config.begin_id);
    return begin.ok() ? ReadId(json, "eos_token_id", config.end_id) : begin;
  });
  if (!status.ok()) return status;
  return config;
}

}  // namespace strata::evaluator

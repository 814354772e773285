#include "evaluator/tokenizer/vocabulary_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "evaluator/tokenizer/fallback_bytes.h"
#include "expr/status_macros.h"

namespace strata::evaluator {

absl::Status VocabularyBuilder::Add(std::string_view token, int64_t id) {
  constexpr size_t kMostUnusedIds = 65536;
  const auto limit = static_cast<int64_t>(
      std::min<size_t>(expected_tokens_ + kMostUnusedIds, std::numeric_limits<int32_t>::max()));
  if (id < 0 || id >= limit) {
    return absl::InvalidArgumentError(
        fmt::format("{}: token \"{}\": expected an id from 0 to {} in a vocabulary of {} tokens, "
                    "found {}",
                    source(), token, limit - 1, expected_tokens_, id));
  }
  const auto place = static_cast<size_t>(id);
  std::vector<std::string>& tokens = description_.tokens;
  if (place >= tokens.size()) tokens.resize(place + 1);
  if (token.empty()) return absl::OkStatus();  // stands for no text
  if (!tokens[place].empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: id {}: expected one token, found \"{}\" and "
                    "\"{}\"",
                    source(), id, tokens[place], token));
  }
  if (!ids_.emplace(token, static_cast<int32_t>(id)).second) {
    return absl::InvalidArgumentError(
        fmt::format("{}: token \"{}\": expected one id, found {} and "
                    "{}",
                    source(), token, ids_.find(token)->second, id));
  }
  tokens[place] = token;
  return absl::OkStatus();
}

absl::Status VocabularyBuilder::AddAddedToken(AddedToken token, int64_t id) {
  if (token.text.empty()) return absl::OkStatus();
  const std::optional<int32_t> known = Find(token.text);
  if (!known.has_value()) {
    STRATA_RETURN_IF_ERROR(Add(token.text, id));
  } else if (*known != id) {
    return absl::InvalidArgumentError(
        fmt::format("{}: added token \"{}\": expected its id in the vocabulary, {}, found {}",
                    source(), token.text, *known, id));
  }
  token.id = static_cast<int32_t>(id);
  if (added_.insert(token.id).second) description_.added_tokens.push_back(std::move(token));
  return absl::OkStatus();
}

absl::Status VocabularyBuilder::AddMerge(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
    return absl::InvalidArgumentError(
        fmt::format("{}: merge {} is \"{}\": expected two tokens with a space between", source(),
                    merges(), text));
  }
  return AddMerge(text.substr(0, space), text.substr(space + 1));
}

absl::Status VocabularyBuilder::AddMerge(std::string_view left, std::string_view right) {
  const std::optional<int32_t> left_id = Find(left);
  const std::optional<int32_t> right_id = Find(right);
  std::string together(left);
  together += right;
  const std::optional<int32_t> merged = Find(together);
  if (!left_id.has_value() || !right_id.has_value() || !merged.has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: merge {} is \"{} {}\": expected two tokens that together are a token",
                    source(), merges(), left, right));
  }
  description_.merges.push_back({*left_id, *right_id, *merged});
  return absl::OkStatus();
}

std::optional<int32_t> VocabularyBuilder::Find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

void VocabularyBuilder::Finish() {
  std::vector<TokenType>& types = description_.types;
  types.assign(description_.tokens.size(), TokenType::kNormal);
  // The library's unigram model finds tokens of bytes in text like any other token.
  const bool marks_bytes =
      description_.byte_fallback && description_.scheme != TokenizerScheme::kUnigram;
  for (int32_t id = 0; id < description_.size(); ++id) {
    const std::string& token = description_.tokens[id];
    if (token.empty()) {
      types[id] = TokenType::kUnused;
    } else if (marks_bytes && FallbackByte(token).has_value()) {
      types[id] = TokenType::kByte;
    }
  }
  for (const AddedToken& token : description_.added_tokens) {
    types[token.id] = token.special ? TokenType::kControl : TokenType::kUserDefined;
  }
  if (description_.unknown.has_value()) types[*description_.unknown] = TokenType::kUnknown;
}

}  // namespace strata::evaluator

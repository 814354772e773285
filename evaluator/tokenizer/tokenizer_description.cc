#include "evaluator/tokenizer/tokenizer_description.h"

#include <fmt/format.h>

#include <cmath>

#include "evaluator/tokenizer/gguf_pre_tokenizers.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::Status CheckId(const TokenizerDescription& description, const std::string& what, int64_t id) {
  if (id >= 0 && id < description.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("{}: {}: expected an id from 0 to {}, found {}",
                                                description.source, what, description.size() - 1,
                                                id));
}

absl::Status CheckNamedIds(const TokenizerDescription& description) {
  const std::pair<const char*, std::optional<int32_t>> ids[] = {
      {"unknown token", description.unknown},
      {"begin token", description.begin},
      {"end token", description.end}};
  for (const auto& [name, id] : ids) {
    if (!id.has_value()) continue;
    STRATA_RETURN_IF_ERROR(CheckId(description, name, *id));
  }
  if (description.adds_begin && !description.begin.has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: texts of this tokenizer start with a begin token, but none is named",
                    description.source));
  }
  if (description.adds_end && !description.end.has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: texts of this tokenizer end with an end token, but none is named",
                    description.source));
  }
  return absl::OkStatus();
}

absl::Status CheckScores(const TokenizerDescription& description) {
  const bool has_scores = description.scheme == TokenizerScheme::kScoredMerges ||
                          description.scheme == TokenizerScheme::kUnigram;
  if (!has_scores) return absl::OkStatus();
  if (description.scores.size() != description.tokens.size()) {
    return absl::InvalidArgumentError(fmt::format("{}: expected {} scores, one per token, found {}",
                                                  description.source, description.size(),
                                                  description.scores.size()));
  }
  for (int32_t id = 0; id < description.size(); ++id) {
    if (!std::isnan(description.scores[id])) continue;
    return absl::InvalidArgumentError(
        fmt::format("{}: score of token {}: expected a number, found NaN", description.source, id));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> MergeTexts(const TokenizerDescription& description) {
  std::vector<std::string> texts;
  texts.reserve(description.merges.size());
  for (const MergeRule& merge : description.merges) {
    texts.push_back(description.tokens[merge.left] + " " + description.tokens[merge.right]);
  }
  return texts;
}

absl::StatusOr<std::string> GgufPreTokenizerName(const TokenizerDescription& description) {
  if (description.byte_level) {
    if (std::optional<std::string> name = GgufNameOf(description.pre_tokenizer)) {
      return *std::move(name);
    }
  }
  return absl::UnimplementedError(
      fmt::format("{}: its pre-tokenizer has no name in GGUF that is known; known are {}",
                  description.source, GgufPreTokenizerNames()));
}

absl::Status Validate(const TokenizerDescription& description) {
  if (description.tokens.empty() || description.types.size() != description.tokens.size()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected a vocabulary with a type for each token, found {} tokens and {} "
                    "types",
                    description.source, description.tokens.size(), description.types.size()));
  }
  STRATA_RETURN_IF_ERROR(CheckNamedIds(description));
  for (const AddedToken& token : description.added_tokens) {
    const std::string what = fmt::format("added token \"{}\"", token.text);
    STRATA_RETURN_IF_ERROR(CheckId(description, what, token.id));
  }
  for (size_t rank = 0; rank < description.merges.size(); ++rank) {
    const MergeRule& merge = description.merges[rank];
    const std::string what = fmt::format("merge {}", rank);
    for (const int32_t id : {merge.left, merge.right, merge.merged}) {
      STRATA_RETURN_IF_ERROR(CheckId(description, what, id));
    }
    const std::string& merged = description.tokens[merge.merged];
    const std::string& left = description.tokens[merge.left];
    if (!merged.starts_with(left) ||
        std::string_view(merged).substr(left.size()) != description.tokens[merge.right]) {
      return absl::InvalidArgumentError(
          fmt::format("{}: {}: expected tokens that together are \"{}\", found \"{}\" and \"{}\"",
                      description.source, what, merged, left, description.tokens[merge.right]));
    }
  }
  return CheckScores(description);
}

absl::Status CheckRows(const TokenizerDescription& description, int64_t embedding_rows) {
  int64_t without = 0;
  int32_t first = 0;
  for (int64_t id = description.size() - 1; id >= embedding_rows; --id) {
    const auto place = static_cast<size_t>(id);
    const TokenType type = description.types[place];
    const bool always = (description.adds_begin && description.begin == static_cast<int32_t>(id)) ||
                        (description.adds_end && description.end == static_cast<int32_t>(id));
    const bool rare = type == TokenType::kControl || type == TokenType::kUnused;
    if ((rare || description.tokens[place].empty()) && !always) continue;
    ++without;
    first = static_cast<int32_t>(id);
  }
  if (without == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "{}: expected tokens with ids below {}, the rows of the model's embedding, found {} tokens; "
      "{} have no row, the first is id {}, \"{}\": resize the embedding or take the tokenizer of "
      "this model",
      description.source, embedding_rows, description.size(), without, first,
      description.tokens[static_cast<size_t>(first)]));
}

}  // namespace strata::evaluator

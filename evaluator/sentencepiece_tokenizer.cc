#include "evaluator/sentencepiece_tokenizer.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

#include "evaluator/special_tokens.h"
#include "evaluator/symbol_merger.h"
#include "evaluator/utf8.h"
#include "evaluator/vocabulary.h"

namespace strata::evaluator {
namespace {

constexpr std::string_view kSpace = "\u2581";

void AppendWithMarkedSpaces(std::string_view text, std::string& output) {
  for (const char c : text) {
    if (c == ' ') {
      output += kSpace;
    } else {
      output.push_back(c);
    }
  }
}

std::string WithPlainSpaces(std::string_view text) {
  std::string output;
  while (!text.empty()) {
    const size_t found = text.find(kSpace);
    output += text.substr(0, found);
    if (found == std::string_view::npos) break;
    output.push_back(' ');
    text.remove_prefix(found + kSpace.size());
  }
  return output;
}

// Whether a marked space comes after another character. Words can only be merged apart from each
// other where no token has that.
bool HasInnerSpace(std::string_view token) {
  const size_t text = token.find_first_not_of(kSpace);
  return text != std::string_view::npos && token.find(kSpace, text) != std::string_view::npos;
}

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(Vocabulary vocabulary, std::vector<double> scores,
                         SpecialTokens special_tokens, bool adds_space, int32_t begin_token)
      : vocabulary_(std::move(vocabulary)),
        scores_(std::move(scores)),
        special_tokens_(std::move(special_tokens)),
        adds_space_(adds_space),
        begin_token_(begin_token) {}

  absl::Status Build(const GgufFile& file) {
    for (int32_t id = 0; id < vocabulary_.size(); ++id) {
      const std::string& token = vocabulary_.tokens[id];
      if (vocabulary_.types[id] == TokenType::kByte) {
        text_of_token_.push_back(token);  // replaced below
        continue;
      }
      text_of_token_.push_back(vocabulary_.IsSpecial(id) ? token : WithPlainSpaces(token));
      if (vocabulary_.types[id] == TokenType::kNormal) {
        ids_.emplace(token, id);
        splits_at_spaces_ = splits_at_spaces_ && !HasInnerSpace(token);
      }
    }
    return BuildBytes(file);
  }

  std::vector<int32_t> Encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    for (const Fragment& fragment : special_tokens_.Split(text)) {
      if (fragment.special >= 0) {
        ids.push_back(fragment.special);
        continue;
      }
      std::string marked;
      marked.reserve(fragment.text.size() * 3 / 2);
      if (adds_space_) marked += kSpace;
      AppendWithMarkedSpaces(fragment.text, marked);
      EncodeMarked(marked, ids);
    }
    return ids;
  }

  std::string Decode(const std::vector<int32_t>& ids) const override {
    std::string text;
    bool starts_fragment = true;
    for (const int32_t id : ids) {
      std::string_view token = text_of_token_.at(id);
      if (vocabulary_.IsSpecial(id)) {
        starts_fragment = true;
      } else {
        if (starts_fragment && adds_space_ && !token.empty() && token.front() == ' ') {
          token.remove_prefix(1);
        }
        starts_fragment = false;
      }
      text += token;
    }
    return text;
  }

  int vocabulary_size() const override { return vocabulary_.size(); }
  int32_t begin_token() const override { return begin_token_; }

 private:
  struct Run {
    size_t begin;
    size_t count;
  };

  absl::Status BuildBytes(const GgufFile& file) {
    std::unordered_map<std::string_view, int32_t> byte_tokens;
    for (int32_t id = 0; id < vocabulary_.size(); ++id) {
      if (vocabulary_.types[id] == TokenType::kByte)
        byte_tokens.emplace(vocabulary_.tokens[id], id);
    }
    size_t found_bytes = 0;
    for (int byte = 0; byte < 256; ++byte) {
      const auto found = byte_tokens.find(fmt::format("<0x{:02X}>", byte));
      if (found == byte_tokens.end() && !vocabulary_.unknown.has_value()) {
        return absl::InvalidArgumentError(
            fmt::format("{}: tokenizer.ggml.tokens: no token <0x{:02X}> of type byte, and no "
                        "unknown token",
                        file.path(), byte));
      }
      if (found == byte_tokens.end()) {
        id_of_byte_[byte] = *vocabulary_.unknown;
        continue;
      }
      id_of_byte_[byte] = found->second;
      text_of_token_[found->second] = std::string(1, static_cast<char>(byte));
      ++found_bytes;
    }
    if (found_bytes == byte_tokens.size()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        fmt::format("{}: tokenizer.ggml.tokens: expected the {} tokens of type byte to be "
                    "<0x00> to <0xFF>, found only {} that are",
                    file.path(), byte_tokens.size(), found_bytes));
  }

  void EncodeMarked(std::string_view marked, std::vector<int32_t>& ids) const {
    SymbolMerger merger;
    std::vector<Symbol> symbols;
    std::unordered_map<std::string_view, Run> seen;  // words, as runs of `ids`
    while (!marked.empty()) {
      const std::string_view word = marked.substr(0, WordBytes(marked));
      marked.remove_prefix(word.size());
      const auto [run, is_new] = seen.try_emplace(word, Run{ids.size(), 0});
      if (!is_new) {
        for (size_t i = 0; i < run->second.count; ++i) {
          ids.push_back(int32_t{ids[run->second.begin + i]});
        }
        continue;
      }
      EncodeWord(word, merger, symbols, ids);
      run->second.count = ids.size() - run->second.begin;
    }
  }

  // Marked spaces and what follows up to the next marked space; everything if tokens span words.
  size_t WordBytes(std::string_view marked) const {
    if (!splits_at_spaces_) return marked.size();
    size_t text = 0;
    while (marked.substr(text, kSpace.size()) == kSpace) text += kSpace.size();
    return std::min(marked.find(kSpace, text), marked.size());
  }

  void EncodeWord(std::string_view word, SymbolMerger& merger, std::vector<Symbol>& symbols,
                  std::vector<int32_t>& ids) const {
    symbols.clear();
    for (size_t begin = 0; begin < word.size();) {
      const size_t bytes = std::max<size_t>(CharacterBytes(word.substr(begin)), 1);
      symbols.push_back({Find(word.substr(begin, bytes)), begin, begin + bytes});
      begin += bytes;
    }
    merger.Run(symbols, [&](const Symbol& left, const Symbol& right) -> std::optional<Merge> {
      const int32_t id = Find(word.substr(left.begin, right.end - left.begin));
      if (id < 0) return std::nullopt;
      return Merge{.rank = -scores_[id], .id = id};
    });
    for (const Symbol& symbol : symbols) {
      if (symbol.id >= 0) {
        ids.push_back(symbol.id);
        continue;
      }
      for (size_t i = symbol.begin; i < symbol.end; ++i) {
        ids.push_back(id_of_byte_[static_cast<unsigned char>(word[i])]);
      }
    }
  }

  int32_t Find(std::string_view text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? -1 : found->second;
  }

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  SpecialTokens special_tokens_;
  bool adds_space_;
  int32_t begin_token_;
  bool splits_at_spaces_ = true;
  std::vector<std::string> text_of_token_;
  std::array<int32_t, 256> id_of_byte_{};
  std::unordered_map<std::string_view, int32_t> ids_;  // views into vocabulary_, normal tokens
};

absl::StatusOr<std::vector<double>> ReadScores(const GgufFile& file, int32_t tokens) {
  constexpr const char* kScores = "tokenizer.ggml.scores";
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

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenSentencePieceTokenizer(const GgufFile& file) {
  absl::StatusOr<Vocabulary> vocabulary = ReadVocabulary(file);
  if (!vocabulary.ok()) return vocabulary.status();
  absl::StatusOr<std::vector<double>> scores = ReadScores(file, vocabulary->size());
  if (!scores.ok()) return scores.status();
  absl::StatusOr<SpecialTokens> special_tokens = SpecialTokens::Create(*vocabulary);
  if (!special_tokens.ok()) return special_tokens.status();
  const absl::StatusOr<std::optional<bool>> adds_space =
      ReadOptionalBool(file, "tokenizer.ggml.add_space_prefix");
  if (!adds_space.ok()) return adds_space.status();
  const absl::StatusOr<int32_t> begin_token = BeginToken(file, *vocabulary, /*by_default=*/true);
  if (!begin_token.ok()) return begin_token.status();
  auto tokenizer = std::make_unique<SentencePieceTokenizer>(
      *std::move(vocabulary), *std::move(scores), *std::move(special_tokens),
      adds_space->value_or(true), *begin_token);
  if (absl::Status status = tokenizer->Build(file); !status.ok()) return status;
  return tokenizer;
}

}  // namespace strata::evaluator

#include "evaluator/byte_level_tokenizer.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <unordered_map>
#include <utility>

#include "evaluator/byte_alphabet.h"
#include "evaluator/pre_tokenizer.h"
#include "evaluator/special_tokens.h"
#include "evaluator/symbol_merger.h"
#include "evaluator/vocabulary.h"

namespace strata::evaluator {
namespace {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using IdByText = std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>>;

// Merges by the pair of ids, at the place in the file's list that is their rank.
class MergeTable {
 public:
  void Add(int32_t left, int32_t right, const Merge& merge) {
    merges_.emplace(Key(left, right), merge);
  }

  std::optional<Merge> operator()(const Symbol& left, const Symbol& right) const {
    const auto found = merges_.find(Key(left.id, right.id));
    if (found == merges_.end()) return std::nullopt;
    return found->second;
  }

 private:
  struct KeyHash {
    size_t operator()(uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> 20; }
  };
  static uint64_t Key(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  std::unordered_map<uint64_t, Merge, KeyHash> merges_;
};

class ByteLevelTokenizer final : public Tokenizer {
 public:
  ByteLevelTokenizer(PreTokenizer pre_tokenizer, SpecialTokens special_tokens, int32_t begin_token)
      : pre_tokenizer_(std::move(pre_tokenizer)),
        special_tokens_(std::move(special_tokens)),
        begin_token_(begin_token) {}

  absl::Status Build(const GgufFile& file, const Vocabulary& vocabulary) {
    const ByteAlphabet alphabet;
    IdByText ids;
    for (int32_t id = 0; id < vocabulary.size(); ++id) {
      const std::string& token = vocabulary.tokens[id];
      // Special tokens are text as they are. So is a token with characters outside the alphabet,
      // which no merge can make.
      std::optional<std::string> bytes;
      if (!vocabulary.IsSpecial(id)) bytes = alphabet.Bytes(token);
      bytes_of_token_.push_back(bytes.value_or(token));
      // Of equal texts the first id is the one that is used.
      if (!vocabulary.IsSpecial(id)) ids.emplace(token, id);
    }
    if (absl::Status status = BuildBytes(file, vocabulary, alphabet, ids); !status.ok()) {
      return status;
    }
    if (absl::Status status = BuildMerges(file, ids); !status.ok()) return status;
    BuildWords(vocabulary, alphabet, ids);
    return absl::OkStatus();
  }

  std::vector<int32_t> Encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    ids.reserve(text.size() / 4);
    SymbolMerger merger;
    std::vector<Symbol> symbols;
    struct Run {
      size_t begin;
      size_t count;
    };
    std::unordered_map<std::string_view, Run> seen;  // merged pieces, as runs of `ids`
    for (const Fragment& fragment : special_tokens_.Split(text)) {
      if (fragment.special >= 0) {
        ids.push_back(fragment.special);
        continue;
      }
      for (const std::string_view piece : pre_tokenizer_.Split(fragment.text)) {
        if (const auto word = words_.find(piece); word != words_.end()) {
          ids.push_back(word->second);
          continue;
        }
        const auto [run, is_new] = seen.try_emplace(piece, Run{ids.size(), 0});
        if (is_new) {
          MergePiece(piece, merger, symbols);
          for (const Symbol& symbol : symbols) ids.push_back(symbol.id);
          run->second.count = symbols.size();
        } else {
          for (size_t i = 0; i < run->second.count; ++i) {
            ids.push_back(int32_t{ids[run->second.begin + i]});
          }
        }
      }
    }
    return ids;
  }

  std::string Decode(const std::vector<int32_t>& ids) const override {
    std::string text;
    for (const int32_t id : ids) text += bytes_of_token_.at(id);
    return text;
  }

  int vocabulary_size() const override { return static_cast<int>(bytes_of_token_.size()); }
  int32_t begin_token() const override { return begin_token_; }

 private:
  absl::Status BuildBytes(const GgufFile& file, const Vocabulary& vocabulary,
                          const ByteAlphabet& alphabet, const IdByText& ids) {
    for (int byte = 0; byte < 256; ++byte) {
      const auto found = ids.find(alphabet.symbol(static_cast<unsigned char>(byte)));
      if (found == ids.end() && !vocabulary.unknown.has_value()) {
        return absl::InvalidArgumentError(fmt::format(
            "{}: tokenizer.ggml.tokens: no token for byte {:#04x}, and no unknown token",
            file.path(), byte));
      }
      id_of_byte_[byte] = found == ids.end() ? *vocabulary.unknown : found->second;
    }
    return absl::OkStatus();
  }

  absl::Status BuildMerges(const GgufFile& file, const IdByText& ids) {
    const absl::StatusOr<const std::vector<std::string>*> merges =
        file.Strings("tokenizer.ggml.merges");
    if (!merges.ok()) return merges.status();
    for (size_t rank = 0; rank < (*merges)->size(); ++rank) {
      const std::string& text = (**merges)[rank];
      const size_t space = text.find(' ', 1);
      const auto left = ids.find(text.substr(0, space));
      const auto right = space == std::string::npos ? ids.end() : ids.find(text.substr(space + 1));
      const auto merged = right == ids.end() || left == ids.end()
                              ? ids.end()
                              : ids.find(left->first + right->first);
      if (merged == ids.end()) {
        return absl::InvalidArgumentError(fmt::format(
            "{}: tokenizer.ggml.merges: entry {} is \"{}\": expected two tokens that together are "
            "a token, with a space between",
            file.path(), rank, text));
      }
      merges_.Add(left->second, right->second,
                  {.rank = static_cast<double>(rank), .id = merged->second});
    }
    return absl::OkStatus();
  }

  // Most pieces of text are one token. Which tokens are what their own text merges to is found
  // once, so that such a piece costs one look-up.
  void BuildWords(const Vocabulary& vocabulary, const ByteAlphabet& alphabet, const IdByText& ids) {
    SymbolMerger merger;
    std::vector<Symbol> symbols;
    for (const auto& [token, id] : ids) {
      std::optional<std::string> bytes = alphabet.Bytes(token);
      if (!bytes.has_value() || bytes->empty()) continue;
      MergePiece(*bytes, merger, symbols);
      const bool merges_to_itself = symbols.size() == 1 && symbols[0].id == id;
      if (merges_to_itself || pre_tokenizer_.ignores_merges()) words_.emplace(*bytes, id);
    }
  }

  void MergePiece(std::string_view piece, SymbolMerger& merger,
                  std::vector<Symbol>& symbols) const {
    symbols.clear();
    for (size_t i = 0; i < piece.size(); ++i) {
      symbols.push_back({id_of_byte_[static_cast<unsigned char>(piece[i])], i, i + 1});
    }
    merger.Run(symbols, merges_);
  }

  PreTokenizer pre_tokenizer_;
  SpecialTokens special_tokens_;
  int32_t begin_token_;
  std::vector<std::string> bytes_of_token_;
  std::array<int32_t, 256> id_of_byte_{};
  MergeTable merges_;
  IdByText words_;  // by the bytes of the piece
};

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenByteLevelTokenizer(const GgufFile& file) {
  const absl::StatusOr<Vocabulary> vocabulary = ReadVocabulary(file);
  if (!vocabulary.ok()) return vocabulary.status();
  const absl::StatusOr<std::string> name = file.String("tokenizer.ggml.pre");
  if (!name.ok()) return name.status();
  absl::StatusOr<PreTokenizer> pre_tokenizer = PreTokenizer::Create(*name);
  if (!pre_tokenizer.ok()) {
    return absl::Status(
        pre_tokenizer.status().code(),
        fmt::format("{}: {}", file.path(), std::string(pre_tokenizer.status().message())));
  }
  absl::StatusOr<SpecialTokens> special_tokens = SpecialTokens::Create(*vocabulary);
  if (!special_tokens.ok()) return special_tokens.status();
  const absl::StatusOr<int32_t> begin_token =
      BeginToken(file, *vocabulary, pre_tokenizer->begins_by_default());
  if (!begin_token.ok()) return begin_token.status();
  auto tokenizer = std::make_unique<ByteLevelTokenizer>(*std::move(pre_tokenizer),
                                                        *std::move(special_tokens), *begin_token);
  if (absl::Status status = tokenizer->Build(file, *vocabulary); !status.ok()) return status;
  return tokenizer;
}

}  // namespace strata::evaluator

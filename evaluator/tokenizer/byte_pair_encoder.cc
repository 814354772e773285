#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "evaluator/text/utf8.h"
#include "evaluator/tokenizer/byte_alphabet.h"
#include "evaluator/tokenizer/byte_trie.h"
#include "evaluator/tokenizer/fallback_bytes.h"
#include "evaluator/tokenizer/merge_table.h"
#include "evaluator/tokenizer/piece_encoder.h"
#include "evaluator/tokenizer/word_boundaries.h"

namespace strata::evaluator {
namespace {

constexpr int32_t kNone = -1;

class BytePairEncoder final : public PieceEncoder {
 public:
  explicit BytePairEncoder(const TokenizerDescription& description)
      : description_(description),
        scored_(description.scheme == TokenizerScheme::kScoredMerges),
        fallback_(description),
        ids_(IdsOfTexts()),
        ranks_of_scores_(RanksOfScores()),
        merges_(scored_ ? ScoredMerges() : MergeTable(description.merges)),
        segmenter_(merges_, description.size()) {
    for (int byte = 0; byte < 256; ++byte) {
      id_of_byte_[byte] = Find(std::string(1, static_cast<char>(byte)));
    }
    // If characters can be dropped, the texts before and after one merge, so a piece is not cut.
    cuts_words_ = scored_ || description.unknown.has_value() || fallback_.complete();
    BuildBoundaries();
    BuildWords();
  }

  void Encode(std::string_view piece, EncodeScratch& scratch,
              std::vector<int32_t>& ids) const override {
    if (description_.byte_level) {
      EncodeWord(piece, scratch, ids);
      return;
    }
    if (description_.ignores_merges) {
      if (const int32_t id = Find(piece); id != kNone) {
        ids.push_back(id);
        return;
      }
    }
    const size_t begin = ids.size();
    while (!piece.empty()) {
      const size_t bytes = cuts_words_ ? boundaries_.WordBytes(piece) : piece.size();
      const std::string_view word = piece.substr(0, bytes);
      piece.remove_prefix(word.size());
      const size_t end = ids.size();
      EncodeWord(word, scratch, ids);
      FuseUnknown(begin, end, ids);
    }
  }

 private:
  // Scored tokens of other types, such as control tokens, are never found in text.
  bool IsMadeFromText(int32_t id) const {
    const TokenType type = description_.types[id];
    return !description_.tokens[id].empty() && (type == TokenType::kNormal || !scored_);
  }

  IdByText IdsOfTexts() const {
    const ByteAlphabet alphabet;
    IdByText ids;
    for (int32_t id = 0; id < description_.size(); ++id) {
      if (!IsMadeFromText(id)) continue;
      std::optional<std::string> text = description_.tokens[id];
      if (description_.byte_level) text = alphabet.Bytes(*text);
      // If several tokens have the same text, the first id is used.
      if (text.has_value()) ids.emplace(*std::move(text), id);
    }
    return ids;
  }

  // Returns the rank of each token's score among all scores, by id. The best score has rank 0, and
  // equal scores have equal ranks.
  std::vector<int32_t> RanksOfScores() const {
    if (!scored_) return {};
    std::vector<double> scores = description_.scores;
    std::sort(scores.begin(), scores.end(), std::greater<>());
    scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
    std::vector<int32_t> ranks;
    for (const double score : description_.scores) {
      const auto place = std::lower_bound(scores.begin(), scores.end(), score, std::greater<>());
      ranks.push_back(static_cast<int32_t>(place - scores.begin()));
    }
    return ranks;
  }

  // Returns every way to make a token from two tokens.
  MergeTable ScoredMerges() const {
    ByteTrie trie;
    for (const auto& [text, id] : ids_) trie.Add(text, id);
    trie.Finish();
    std::vector<MergeRule> rules;
    std::vector<int32_t> ranks;
    for (const auto& token : ids_) {
      const std::string_view text = token.first;
      const int32_t merged = token.second;
      trie.ForEachPrefix(text, [&](size_t bytes, int32_t left) {
        const int32_t right = bytes == text.size() ? kNone : Find(text.substr(bytes));
        if (right == kNone) return;
        rules.push_back({left, right, merged});
        ranks.push_back(ranks_of_scores_[merged]);
      });
    }
    return MergeTable(rules, ranks);
  }

  int32_t Find(std::string_view text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? kNone : found->second;
  }

  void BuildBoundaries() {
    if (description_.byte_level) return;
    if (scored_) {
      for (const auto& [text, id] : ids_) boundaries_.AddToken(text);
    }
    for (const MergeRule& merge : description_.merges) {
      boundaries_.AddToken(description_.tokens[merge.merged]);
    }
  }

  // Most words of a text are one token. This finds, once, the tokens that result from merging their
  // own text, so that such a word costs one look-up. Other words are put together from these
  // tokens.
  void BuildWords() {
    EncodeScratch scratch;
    for (const auto& [text, id] : ids_) {
      bool ranks_fall = false;
      const bool all_symbols_are_tokens = MakeSymbols(text, scratch.symbols);
      MergeSegmenter::LastMerge last_merge;
      MergeSymbols(text, scratch, [&](const Symbol& left, const Symbol& right, const Merge& merge) {
        const auto rank = static_cast<int32_t>(merge.rank);
        ranks_fall = ranks_fall || rank < last_merge.rank;
        last_merge = {rank, left.id, right.id};
      });
      const bool is_one = scratch.symbols.size() == 1 && scratch.symbols[0].begin == 0 &&
                          scratch.symbols[0].end == text.size();
      if (is_one && all_symbols_are_tokens) {
        segmenter_.Add(text, scratch.symbols[0].id, last_merge, ranks_fall);
      }
      const bool merges_to_itself = is_one && scratch.symbols[0].id == id;
      if (merges_to_itself || (description_.ignores_merges && description_.byte_level)) {
        words_.emplace(text, id);
      }
    }
    segmenter_.Finish();
  }

  // Removes the unknown token at `begin_word` if it directly follows another one of the same piece.
  void FuseUnknown(size_t begin_piece, size_t begin_word, std::vector<int32_t>& ids) const {
    if (!description_.fuses_unknown || !description_.unknown.has_value()) return;
    if (begin_word == begin_piece || begin_word == ids.size()) return;
    const int32_t unknown = *description_.unknown;
    if (ids[begin_word - 1] == unknown && ids[begin_word] == unknown) {
      ids.erase(ids.begin() + static_cast<ptrdiff_t>(begin_word));
    }
  }

  void EncodeWord(std::string_view word, EncodeScratch& scratch, std::vector<int32_t>& ids) const {
    if (const auto found = words_.find(word); found != words_.end()) {
      ids.push_back(found->second);
      return;
    }
    const auto [run, is_new] = scratch.seen.try_emplace(word, EncodeScratch::Run{ids.size(), 0});
    if (!is_new) {
      const EncodeScratch::Run known = run->second;
      for (size_t i = 0; i < known.count; ++i) ids.push_back(int32_t{ids[known.begin + i]});
      return;
    }
    if (!segmenter_.Segment(word, scratch.segments, ids)) {
      MakeSymbols(word, scratch.symbols);
      MergeSymbols(word, scratch, [](const Symbol&, const Symbol&, const Merge&) {});
      Append(word, scratch.symbols, ids);
    }
    run->second.count = ids.size() - run->second.begin;
    // FuseUnknown may still remove the first id of this run.
    if (description_.fuses_unknown && run->second.count > 0 &&
        ids[run->second.begin] == description_.unknown) {
      scratch.seen.erase(run);
    }
  }

  // Cuts a word into symbols. True if all of them are tokens.
  bool MakeSymbols(std::string_view word, std::vector<Symbol>& symbols) const {
    symbols.clear();
    bool all_are_tokens = true;
    for (size_t begin = 0; begin < word.size();) {
      const size_t bytes =
          description_.byte_level ? 1 : std::max<size_t>(CharacterBytes(word.substr(begin)), 1);
      const int32_t id = description_.byte_level
                             ? id_of_byte_[static_cast<unsigned char>(word[begin])]
                             : Find(word.substr(begin, bytes));
      all_are_tokens = all_are_tokens && id != kNone;
      AddSymbol(word, id, begin, begin + bytes, symbols);
      begin += bytes;
    }
    return all_are_tokens;
  }

  // Adds a symbol. Ranked merges do not contain characters that are no token, so these become bytes
  // or unknown tokens before any merge. Scored merges may still find a token that contains them.
  void AddSymbol(std::string_view word, int32_t id, size_t begin, size_t end,
                 std::vector<Symbol>& symbols) const {
    if (id != kNone || scored_) {
      symbols.push_back({id, begin, end});
      return;
    }
    if (fallback_.Has(word.substr(begin, end - begin))) {
      for (size_t i = begin; i < end; ++i) {
        symbols.push_back({fallback_.id(static_cast<unsigned char>(word[i])), i, i + 1});
      }
      return;
    }
    if (!description_.unknown.has_value()) return;  // dropped
    const bool fuses = description_.fuses_unknown && !symbols.empty() &&
                       symbols.back().id == *description_.unknown;
    if (fuses) {
      symbols.back().end = end;
    } else {
      symbols.push_back({*description_.unknown, begin, end});
    }
  }

  template <typename OnMerge>
  void MergeSymbols(std::string_view word, EncodeScratch& scratch, const OnMerge& on_merge) const {
    if (!scored_) {
      scratch.merger.Run(scratch.symbols, merges_, on_merge);
      return;
    }
    // A character that is no token may be part of a token.
    const auto find = [&](const Symbol& left, const Symbol& right) -> std::optional<Merge> {
      if (left.id != kNone && right.id != kNone) return merges_(left, right);
      const int32_t id = Find(word.substr(left.begin, right.end - left.begin));
      if (id == kNone) return std::nullopt;
      return Merge{.rank = static_cast<double>(ranks_of_scores_[id]), .id = id};
    };
    scratch.merger.Run(scratch.symbols, find, on_merge);
  }

  void Append(std::string_view word, const std::vector<Symbol>& symbols,
              std::vector<int32_t>& ids) const {
    bool follows_unknown = false;
    for (const Symbol& symbol : symbols) {
      const std::string_view text = word.substr(symbol.begin, symbol.end - symbol.begin);
      const bool is_unknown = symbol.id == kNone && !fallback_.Has(text);
      if (symbol.id != kNone) {
        ids.push_back(symbol.id);
      } else if (!is_unknown) {
        for (const char c : text) ids.push_back(fallback_.id(static_cast<unsigned char>(c)));
      } else if (description_.unknown.has_value() &&
                 !(follows_unknown && description_.fuses_unknown)) {
        ids.push_back(*description_.unknown);
      }
      follows_unknown = is_unknown;
    }
  }

  const TokenizerDescription& description_;
  bool scored_;
  bool cuts_words_ = false;
  FallbackBytes fallback_;
  IdByText ids_;  // by text, or by bytes for a byte-level vocabulary
  std::vector<int32_t> ranks_of_scores_;
  MergeTable merges_;
  MergeSegmenter segmenter_;
  WordBoundaries boundaries_;
  IdByText words_;  // tokens that result from merging their own text
  std::array<int32_t, 256> id_of_byte_{};
};

}  // namespace

std::unique_ptr<PieceEncoder> MakeBytePairEncoder(const TokenizerDescription& description) {
  return std::make_unique<BytePairEncoder>(description);
}

}  // namespace strata::evaluator

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluator/text/utf8.h"
#include "evaluator/tokenizer/byte_trie.h"
#include "evaluator/tokenizer/fallback_bytes.h"
#include "evaluator/tokenizer/piece_encoder.h"

namespace strata::evaluator {
namespace {

constexpr double kUnknownPenalty = 10;
constexpr int32_t kUnknown = -1;

class UnigramEncoder final : public PieceEncoder {
 public:
  explicit UnigramEncoder(const TokenizerDescription& description)
      : description_(description), fallback_(description) {
    double lowest = std::numeric_limits<double>::infinity();
    for (int32_t id = 0; id < description.size(); ++id) {
      if (description.types[id] != TokenType::kNormal) continue;
      lowest = std::min(lowest, description.scores[id]);
      trie_.Add(description.tokens[id], id);
    }
    if (std::isfinite(lowest)) unknown_score_ = lowest - kUnknownPenalty;
    trie_.Finish();
  }

  void Encode(std::string_view piece, EncodeScratch& scratch,
              std::vector<int32_t>& ids) const override {
    const auto [run, is_new] = scratch.seen.try_emplace(piece, EncodeScratch::Run{ids.size(), 0});
    if (!is_new) {
      const EncodeScratch::Run known = run->second;
      for (size_t i = 0; i < known.count; ++i) ids.push_back(int32_t{ids[known.begin + i]});
      return;
    }
    FindPath(piece, scratch.path);
    AppendPath(piece, scratch, ids);
    run->second.count = ids.size() - run->second.begin;
  }

 private:
  using PathEnd = EncodeScratch::PathEnd;
  static constexpr size_t kUnreached = std::numeric_limits<size_t>::max();

  static void Offer(PathEnd& end, double score, size_t begin, int32_t id) {
    if (end.begin == kUnreached || score > end.score) end = {score, begin, id};
  }

  void FindPath(std::string_view piece, std::vector<PathEnd>& path) const {
    path.assign(piece.size() + 1, {.score = 0, .begin = kUnreached, .id = kUnknown});
    for (size_t begin = 0; begin < piece.size();) {
      const std::string_view rest = piece.substr(begin);
      const size_t character = std::max<size_t>(CharacterBytes(rest), 1);
      const double score = path[begin].score;
      bool character_is_token = false;
      trie_.ForEachPrefix(rest, [&](size_t bytes, int32_t id) {
        character_is_token = character_is_token || bytes == character;
        Offer(path[begin + bytes], score + description_.scores[id], begin, id);
      });
      if (!character_is_token) {
        Offer(path[begin + character], score + unknown_score_, begin, kUnknown);
      }
      begin += character;
    }
  }

  void AppendPath(std::string_view piece, EncodeScratch& scratch, std::vector<int32_t>& ids) const {
    std::vector<Symbol>& tokens = scratch.symbols;
    tokens.clear();
    for (size_t end = piece.size(); end > 0; end = scratch.path[end].begin) {
      const PathEnd& last = scratch.path[end];
      if (last.id == kUnknown && !tokens.empty() && tokens.back().id == kUnknown) {
        tokens.back().begin = last.begin;
      } else {
        tokens.push_back({last.id, last.begin, end});
      }
    }
    for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {
      const std::string_view text = piece.substr(token->begin, token->end - token->begin);
      if (token->id != kUnknown) {
        ids.push_back(token->id);
      } else if (fallback_.Has(text)) {
        for (const char c : text) ids.push_back(fallback_.id(static_cast<unsigned char>(c)));
      } else if (description_.unknown.has_value()) {
        ids.push_back(*description_.unknown);
      }
    }
  }

  const TokenizerDescription& description_;
  FallbackBytes fallback_;
  ByteTrie trie_;
  double unknown_score_ = -kUnknownPenalty;
};

}  // namespace

std::unique_ptr<PieceEncoder> MakeUnigramEncoder(const TokenizerDescription& description) {
  return std::make_unique<UnigramEncoder>(description);
}

}  // namespace strata::evaluator

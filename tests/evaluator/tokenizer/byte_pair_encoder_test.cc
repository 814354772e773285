#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "evaluator/tokenizer/piece_encoder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;

constexpr int32_t kUnknown = 0;

// <unk> and the characters a, b, c and \u00e9 from id 1; merges ab, bc, abc.
TokenizerDescription Ranked() {
  TokenizerDescription description;
  description.tokens = {"<unk>", "a", "b", "c", "\u00e9", "ab", "bc", "abc"};
  description.types.assign(8, TokenType::kNormal);
  description.types[0] = TokenType::kUnknown;
  description.merges = {{2, 3, 6}, {1, 2, 5}, {5, 3, 7}};
  description.unknown = kUnknown;
  return description;
}

TokenizerDescription Scored() {
  TokenizerDescription description = Ranked();
  description.scheme = TokenizerScheme::kScoredMerges;
  description.merges.clear();
  description.scores = {0, -1, -2, -3, -4, -6, -5, -7};
  return description;
}

std::vector<int32_t> Encode(const TokenizerDescription& description,
                            const std::vector<std::string>& pieces) {
  const std::unique_ptr<PieceEncoder> encoder = MakeBytePairEncoder(description);
  EncodeScratch scratch;
  std::vector<int32_t> ids;
  for (const std::string& piece : pieces) encoder->Encode(piece, scratch, ids);
  return ids;
}

TEST(BytePairEncoder, MergesByRank) {
  EXPECT_THAT(Encode(Ranked(), {"abc"}), ElementsAre(1, 6));
  EXPECT_THAT(Encode(Ranked(), {"ab", "\u00e9abab"}), ElementsAre(5, 4, 5, 5));
}

TEST(BytePairEncoder, MergesByScore) {
  // "bc" scores best, and what it makes with "a" is a token too.
  EXPECT_THAT(Encode(Scored(), {"abc"}), ElementsAre(7));
  TokenizerDescription description = Scored();
  description.tokens[7] = "other";
  EXPECT_THAT(Encode(description, {"abc"}), ElementsAre(1, 6));
  description.scores[5] = -4.5;  // "ab" before "bc"
  EXPECT_THAT(Encode(description, {"abc"}), ElementsAre(5, 3));
}

TEST(BytePairEncoder, PiecesThatAreTokensWhereMergesAreIgnored) {
  TokenizerDescription description = Ranked();
  description.ignores_merges = true;
  EXPECT_THAT(Encode(description, {"abc"}), ElementsAre(7));
  EXPECT_THAT(Encode(description, {"abcb"}), ElementsAre(1, 6, 2));
}

TEST(BytePairEncoder, UnknownCharacters) {
  for (const TokenizerDescription& base : {Ranked(), Scored()}) {
    TokenizerDescription description = base;
    EXPECT_THAT(Encode(description, {"axyb", "x"}), ElementsAre(1, 0, 0, 2, 0));
    description.fuses_unknown = true;
    EXPECT_THAT(Encode(description, {"axyb", "xyz", "xaxy\u4e2d"}),
                ElementsAre(1, 0, 2, 0, 0, 1, 0));
    description.unknown.reset();
    // What is dropped is not there when ranked merges look for neighbours.
    const bool ranked = description.scheme == TokenizerScheme::kRankedMerges;
    EXPECT_THAT(Encode(description, {"axb"}),
                ranked ? std::vector<int32_t>{5} : std::vector<int32_t>({1, 2}));
  }
}

TEST(BytePairEncoder, ByteFallbackIsForAllBytesOfACharacterOrNone) {
  for (const TokenizerDescription& base : {Ranked(), Scored()}) {
    TokenizerDescription description = base;
    description.byte_fallback = true;
    for (const char* token : {"<0xC3>", "<0xA8>", "<0xFF>"}) {
      description.tokens.push_back(token);
      description.types.push_back(TokenType::kByte);
      description.scores.resize(description.tokens.size());
    }
    EXPECT_THAT(Encode(description, {"a\u00e8\xFF\u00e7"}), ElementsAre(1, 8, 9, 10, 0));
  }
}

// The same without cutting into words first: all of the text as one word.
std::vector<int32_t> SlowMerge(const TokenizerDescription& description, const std::string& text) {
  std::vector<std::string> symbols;
  for (const char c : text) symbols.emplace_back(1, c);
  while (true) {
    size_t best = symbols.size();
    size_t best_rank = description.merges.size();
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      for (size_t rank = 0; rank < best_rank; ++rank) {
        const MergeRule& merge = description.merges[rank];
        if (description.tokens[merge.left] == symbols[i] &&
            description.tokens[merge.right] == symbols[i + 1]) {
          best = i;
          best_rank = rank;
        }
      }
    }
    if (best == symbols.size()) break;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
  std::vector<int32_t> ids;
  for (const std::string& symbol : symbols) {
    const auto found = std::find(description.tokens.begin(), description.tokens.end(), symbol);
    ids.push_back(static_cast<int32_t>(found - description.tokens.begin()));
  }
  return ids;
}

TEST(BytePairEncoder, IsTheDefinitionOnRandomVocabularies) {
  std::mt19937 random(29);
  for (int round = 0; round < 60; ++round) {
    TokenizerDescription description;
    description.tokens = {"a", "b", "c", "d"};
    for (int merge = 0; merge < 12; ++merge) {
      const auto left = static_cast<int32_t>(random() % description.tokens.size());
      const auto right = static_cast<int32_t>(random() % description.tokens.size());
      const std::string merged = description.tokens[left] + description.tokens[right];
      auto found = std::find(description.tokens.begin(), description.tokens.end(), merged);
      if (found != description.tokens.end()) continue;
      description.merges.push_back({left, right, description.size()});
      description.tokens.push_back(merged);
    }
    description.types.assign(description.tokens.size(), TokenType::kNormal);
    description.unknown = 0;
    for (int text_round = 0; text_round < 20; ++text_round) {
      std::string text;
      for (uint32_t i = 1 + random() % 30; i > 0; --i) {
        text.push_back(static_cast<char>('a' + random() % 4));
      }
      ASSERT_EQ(Encode(description, {text}), SlowMerge(description, text)) << text;
    }
  }
}

}  // namespace
}  // namespace strata::evaluator

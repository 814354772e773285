#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/tokenizer/piece_encoder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;

TokenizerDescription Small() {
  TokenizerDescription description;
  description.scheme = TokenizerScheme::kUnigram;
  description.tokens = {"<unk>", "a", "b", "c", "d", "cd", "ab", "abc", "abcd"};
  description.scores = {0, 0, 0, 0, 0, 1, 2, 5, 10};
  description.types.assign(9, TokenType::kNormal);
  description.types[0] = TokenType::kUnknown;
  description.unknown = 0;
  return description;
}

std::vector<int32_t> Encode(const TokenizerDescription& description,
                            const std::vector<std::string>& pieces) {
  const std::unique_ptr<PieceEncoder> encoder = MakeUnigramEncoder(description);
  EncodeScratch scratch;
  std::vector<int32_t> ids;
  for (const std::string& piece : pieces) encoder->Encode(piece, scratch, ids);
  return ids;
}

TEST(UnigramEncoder, BestSumOfScores) {
  EXPECT_THAT(Encode(Small(), {"abcd", "acd", "abcab"}), ElementsAre(8, 1, 5, 7, 6));
  TokenizerDescription description = Small();
  description.scores[8] = 2.5;  // less than "ab" and "cd"
  EXPECT_THAT(Encode(description, {"abcd"}), ElementsAre(7, 4));
  description.scores[7] = 1;
  EXPECT_THAT(Encode(description, {"abcd"}), ElementsAre(6, 5));
}

TEST(UnigramEncoder, NeighbouringUnknownCharactersAreOneToken) {
  EXPECT_THAT(Encode(Small(), {"axyb\u4e2d\xFF", "x"}), ElementsAre(1, 0, 2, 0, 0));
  TokenizerDescription description = Small();
  description.unknown.reset();
  EXPECT_THAT(Encode(description, {"axyb"}), ElementsAre(1, 2));
}

TEST(UnigramEncoder, ByteFallback) {
  TokenizerDescription description = Small();
  description.byte_fallback = true;
  for (const char* token : {"<0xC3>", "<0xA9>"}) {
    description.tokens.push_back(token);
    description.types.push_back(TokenType::kByte);
    description.scores.push_back(0);
  }
  EXPECT_THAT(Encode(description, {"a\u00e9\u00e9", "\u00e8", "<0xC3>"}),
              ElementsAre(1, 9, 10, 9, 10, 0, 0));
}

TEST(UnigramEncoder, RepeatedPiecesAreTheSameIds) {
  EXPECT_THAT(Encode(Small(), {"abx", "c", "abx", "abx"}), ElementsAre(6, 0, 3, 6, 0, 6, 0));
}

TEST(UnigramEncoder, LongPiecesTakeLinearTime) {
  const std::string piece(size_t{1} << 20, 'a');
  EXPECT_EQ(Encode(Small(), {piece}).size(), piece.size());
}

}  // namespace
}  // namespace strata::evaluator

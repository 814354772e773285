#include "evaluator/tokenizer/word_piece_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;

std::vector<int32_t> Encode(const std::vector<std::string>& words) {
  TokenizerDescription description;
  description.scheme = TokenizerScheme::kWordPiece;
  description.tokens = {"[UNK]", "un", "##aff", "##able", "##ab", "a", "##\u00e9"};
  description.types.assign(7, TokenType::kNormal);
  description.unknown = 0;
  description.continuing_prefix = "##";
  description.longest_word = 9;
  const std::unique_ptr<PieceEncoder> encoder = MakeWordPieceEncoder(description);
  EncodeScratch scratch;
  std::vector<int32_t> ids;
  for (const std::string& word : words) encoder->Encode(word, scratch, ids);
  return ids;
}

TEST(WordPieceEncoder, LongestFirst) {
  EXPECT_THAT(Encode({"unaffable", "a", "unab"}), ElementsAre(1, 2, 3, 5, 1, 4));
}

TEST(WordPieceEncoder, AWordWithAnUnknownPartIsUnknown) {
  EXPECT_THAT(Encode({"unx", "x", "aff", "una"}), ElementsAre(0, 0, 0, 0));
}

TEST(WordPieceEncoder, LongWordsAreUnknown) {
  EXPECT_THAT(Encode({"un\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"}),
              ElementsAre(1, 6, 6, 6, 6, 6, 6, 6));
  EXPECT_THAT(Encode({"un\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"}), ElementsAre(0));
}

}  // namespace
}  // namespace strata::evaluator

#include "evaluator/tokenizer/tokenizer_description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "evaluator/tokenizer/gguf_pre_tokenizers.h"
#include "tests/evaluator/support/gguf_writer.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TokenizerDescription Small() {
  TokenizerDescription description;
  description.source = "file";
  description.tokens = {"a", "b", "ab"};
  description.types.assign(3, TokenType::kNormal);
  description.merges = {{0, 1, 2}};
  return description;
}

template <typename Change>
std::string ErrorWith(const Change& change) {
  TokenizerDescription description = Small();
  change(description);
  return std::string(Validate(description).message());
}

TEST(TokenizerDescription, ValidateNamesWhatIsWrong) {
  EXPECT_TRUE(Validate(Small()).ok());
  using Description = TokenizerDescription;
  EXPECT_THAT(ErrorWith([](Description& d) { d.types.pop_back(); }), HasSubstr("3 tokens and 2"));
  EXPECT_EQ(ErrorWith([](Description& d) { d.merges[0].merged = 3; }),
            "file: merge 0: expected an id from 0 to 2, found 3");
  EXPECT_EQ(ErrorWith([](Description& d) {
              d.merges[0] = {1, 0, 2};
            }),
            "file: merge 0: expected tokens that together are \"ab\", found \"b\" and \"a\"");
  EXPECT_EQ(ErrorWith([](Description& d) { d.unknown = -1; }),
            "file: unknown token: expected an id from 0 to 2, found -1");
  EXPECT_THAT(ErrorWith([](Description& d) { d.adds_begin = true; }), HasSubstr("none is named"));
  EXPECT_THAT(ErrorWith([](Description& d) { d.adds_end = true; }), HasSubstr("none is named"));
  EXPECT_THAT(ErrorWith([](Description& d) { d.added_tokens = {{.id = 9, .text = "x"}}; }),
              HasSubstr("added token \"x\""));
  EXPECT_THAT(ErrorWith([](Description& d) { d.scheme = TokenizerScheme::kUnigram; }),
              HasSubstr("expected 3 scores, one per token, found 0"));
  EXPECT_THAT(ErrorWith([](Description& d) {
                d.scheme = TokenizerScheme::kScoredMerges;
                d.scores = {0, std::nan(""), 0};
              }),
              HasSubstr("score of token 1: expected a number, found NaN"));
}

// Issue 21, case04: ids without rows were noticed when a text held one.
TEST(TokenizerDescription, TokensOfPlainTextNeedRows) {
  TokenizerDescription description = Small();
  EXPECT_TRUE(CheckRows(description, 3).ok());
  EXPECT_TRUE(CheckRows(description, 900).ok());  // rows without tokens
  const absl::Status status = CheckRows(description, 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()),
            "file: expected tokens with ids below 1, the rows of the model's embedding, found 3 "
            "tokens; 2 have no row, the first is id 1, \"b\": resize the embedding or take the "
            "tokenizer of this model");
}

// Gemma 3 has an image token beyond its 262144 rows.
TEST(TokenizerDescription, SpecialTokensMayLackARowUnlessEveryTextHasThem) {
  TokenizerDescription description = Small();
  description.tokens.insert(description.tokens.end(), {"<image>", ""});
  description.types.insert(description.types.end(), {TokenType::kControl, TokenType::kUnused});
  EXPECT_TRUE(CheckRows(description, 3).ok());
  description.begin = 3;
  EXPECT_TRUE(CheckRows(description, 3).ok());
  description.adds_begin = true;
  EXPECT_THAT(std::string(CheckRows(description, 3).message()),
              HasSubstr("the first is id 3, \"<image>\""));
}

TEST(TokenizerDescription, MergeTextsAreInOrderOfRank) {
  TokenizerDescription description = Small();
  description.merges.push_back({1, 0, 2});
  EXPECT_THAT(MergeTexts(description), ElementsAre("a b", "b a"));
}

TEST(TokenizerDescription, GgufPreTokenizerName) {
  TokenizerDescription description = Small();
  description.pre_tokenizer = FindGgufPreTokenizer("qwen2")->steps;
  EXPECT_TRUE(absl::IsUnimplemented(GgufPreTokenizerName(description).status()));
  description.byte_level = true;
  EXPECT_EQ(*GgufPreTokenizerName(description), "qwen2");
}

TEST(TokenizerDescription, OfTheDefaultModel) {
  const TokenizerDescription description = ReadTokenizerDescription(DefaultModelPath()).value();
  EXPECT_EQ(description.size(), 49152);
  EXPECT_EQ(description.merges.size(), 48900u);
  EXPECT_EQ(MergeTexts(description)[0], "\u0120 t");
  EXPECT_EQ(description.begin, 1);
  EXPECT_EQ(description.end, 2);
  EXPECT_FALSE(description.adds_begin);
  EXPECT_EQ(description.added_tokens.size(), 17u);
}

}  // namespace
}  // namespace strata::evaluator

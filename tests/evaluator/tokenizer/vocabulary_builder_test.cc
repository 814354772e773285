#include "evaluator/tokenizer/vocabulary_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VocabularyBuilderTest : public ::testing::Test {
 protected:
  VocabularyBuilderTest() {
    description_.source = "file";
    builder_.Expect(4);
    for (const auto& [token, id] : {std::pair("a", 0), {"ab", 3}, {"b", 1}}) {
      EXPECT_TRUE(builder_.Add(token, id).ok());
    }
  }

  TokenizerDescription description_;
  VocabularyBuilder builder_{description_};
};

TEST_F(VocabularyBuilderTest, TokensMayComeInAnyOrder) {
  EXPECT_THAT(description_.tokens, ElementsAre("a", "b", "", "ab"));
  EXPECT_EQ(builder_.Find("ab"), 3);
  EXPECT_EQ(builder_.Find("c"), std::nullopt);
}

TEST_F(VocabularyBuilderTest, IdsAndTokensAreGivenOnce) {
  EXPECT_EQ(builder_.Add("c", 1).message(),
            "file: id 1: expected one token, found \"b\" and \"c\"");
  EXPECT_EQ(builder_.Add("a", 2).message(), "file: token \"a\": expected one id, found 0 and 2");
  EXPECT_THAT(std::string(builder_.Add("c", -1).message()), HasSubstr("found -1"));
  EXPECT_EQ(builder_.Add("c", int64_t{1} << 40).message(),
            "file: token \"c\": expected an id from 0 to 65539 in a vocabulary of 4 tokens, found "
            "1099511627776");
  EXPECT_THAT(description_.tokens, ElementsAre("a", "b", "", "ab"));
}

TEST_F(VocabularyBuilderTest, Merges) {
  EXPECT_TRUE(builder_.AddMerge("a b").ok());
  EXPECT_TRUE(builder_.AddMerge("a", "b").ok());
  ASSERT_EQ(description_.merges.size(), 2u);
  EXPECT_EQ(description_.merges[1].merged, 3);
  EXPECT_EQ(builder_.AddMerge("b a").message(),
            "file: merge 2 is \"b a\": expected two tokens that together are a token");
  for (const char* odd : {"", "ab", "a b c", " ab", "a "}) {
    EXPECT_TRUE(absl::IsInvalidArgument(builder_.AddMerge(odd))) << odd;
  }
}

TEST_F(VocabularyBuilderTest, AddedTokens) {
  EXPECT_TRUE(builder_.AddAddedToken({.text = "<s>"}, 2).ok());
  EXPECT_TRUE(builder_.AddAddedToken({.text = "ab", .special = false}, 3).ok());
  EXPECT_TRUE(builder_.AddAddedToken({.text = "<s>"}, 2).ok());
  EXPECT_TRUE(builder_.AddAddedToken({.text = ""}, 77).ok());
  EXPECT_EQ(description_.added_tokens.size(), 2u);
  EXPECT_EQ(builder_.AddAddedToken({.text = "a"}, 4).message(),
            "file: added token \"a\": expected its id in the vocabulary, 0, found 4");
  EXPECT_TRUE(absl::IsInvalidArgument(builder_.AddAddedToken({.text = "x"}, 0)));
}

TEST_F(VocabularyBuilderTest, Types) {
  ASSERT_TRUE(builder_.Add("<0x41>", 5).ok());
  ASSERT_TRUE(builder_.AddAddedToken({.text = "b", .special = false}, 1).ok());
  ASSERT_TRUE(builder_.AddAddedToken({.text = "ab"}, 3).ok());
  description_.byte_fallback = true;
  description_.unknown = 0;
  builder_.Finish();
  using enum TokenType;
  EXPECT_THAT(description_.types,
              ElementsAre(kUnknown, kUserDefined, kUnused, kControl, kUnused, kByte));
}

}  // namespace
}  // namespace strata::evaluator

#include "evaluator/pre_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Pieces(const std::string& name, const std::string& text) {
  const PreTokenizer pre_tokenizer = PreTokenizer::Create(name).value();
  std::vector<std::string> pieces;
  for (const std::string_view piece : pre_tokenizer.Split(text)) pieces.emplace_back(piece);
  return pieces;
}

TEST(PreTokenizer, Gpt2) {
  EXPECT_THAT(Pieces("gpt-2", "Hello  world's 1234, we'll  "),
              ElementsAre("Hello", " ", " world", "'s", " 1234", ",", " we", "'ll", "  "));
  EXPECT_THAT(Pieces("gpt-2", "a\n\n b 'S"), ElementsAre("a", "\n\n", " b", " '", "S"));
  EXPECT_THAT(Pieces("gpt-2", "caf\u00e9\u3000\u4e2d\u6587"),
              ElementsAre("caf\u00e9", "\u3000", "\u4e2d\u6587"));
  EXPECT_THAT(Pieces("gpt-2", ""), ElementsAre());
}

TEST(PreTokenizer, SmolLmCutsAsGpt2) {
  for (const char* text : {"in 1790, x2", "a\n\n1.  b", "\u00bd\u0663's"}) {
    EXPECT_EQ(Pieces("smollm", text), Pieces("gpt-2", text));
  }
}

TEST(PreTokenizer, Llama3GroupsThreeDigitsAndKeepsLineEndsTogether) {
  EXPECT_THAT(Pieces("llama-bpe", "12345 we'LL\n\n  go!\n"),
              ElementsAre("123", "45", " we", "'LL", "\n\n", " ", " go", "!\n"));
  EXPECT_THAT(Pieces("llama-bpe", "(word\tx"), ElementsAre("(word", "\tx"));
}

TEST(PreTokenizer, Qwen2SplitsDigits) {
  EXPECT_THAT(Pieces("qwen2", "12 a  \n b"), ElementsAre("1", "2", " a", "  \n", " b"));
}

TEST(PreTokenizer, Unicode180EIsNoSpace) {
  EXPECT_THAT(Pieces("gpt-2", "!\u180e!"), ElementsAre("!\u180e!"));
}

TEST(PreTokenizer, MalformedBytesArePiecesOfOne) {
  EXPECT_THAT(Pieces("gpt-2",
                     "ab\xFF\xFE"
                     "cd"),
              ElementsAre("ab", "\xFF", "\xFE", "cd"));
  EXPECT_THAT(Pieces("gpt-2", "\xE4\xB8"), ElementsAre("\xE4", "\xB8"));
  EXPECT_THAT(Pieces("gpt-2", "a  \x80"), ElementsAre("a", "  ", "\x80"));
}

TEST(PreTokenizer, PiecesAreTheWholeText) {
  std::mt19937 random(17);
  const std::vector<std::string> parts = {"a",  "B",      "7",      " ",          "\n",
                                          "\r", "'s",     "\u00e9", "\xC3",       "\u3000",
                                          "!",  "\u0663", "\xFF",   "\U0001F600", "\t"};
  for (const char* name : {"gpt-2", "smollm", "llama-bpe", "qwen2"}) {
    for (int round = 0; round < 500; ++round) {
      std::string text;
      for (uint32_t i = random() % 20; i > 0; --i) text += parts[random() % parts.size()];
      std::string joined;
      for (const std::string& piece : Pieces(name, text)) {
        ASSERT_FALSE(piece.empty());
        joined += piece;
      }
      ASSERT_EQ(joined, text);
    }
  }
}

TEST(PreTokenizer, UnknownNamesAreErrors) {
  const auto pre_tokenizer = PreTokenizer::Create("default");
  EXPECT_TRUE(absl::IsUnimplemented(pre_tokenizer.status()));
  EXPECT_EQ(
      pre_tokenizer.status().message(),
      "pre-tokenizer \"default\" is not supported; supported are gpt-2 smollm llama-bpe qwen2");
}

}  // namespace
}  // namespace strata::evaluator

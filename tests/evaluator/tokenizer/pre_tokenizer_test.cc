#include "evaluator/tokenizer/pre_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "evaluator/tokenizer/gguf_pre_tokenizers.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Pieces(const std::vector<PreTokenizerStep>& steps, const std::string& text,
                                bool begins_text = true) {
  const PreTokenizer pre_tokenizer = PreTokenizer::Create(steps).value();
  std::deque<std::string> storage;
  std::vector<std::string> pieces;
  for (const std::string_view piece : pre_tokenizer.Split(text, begins_text, storage)) {
    pieces.emplace_back(piece);
  }
  return pieces;
}

std::vector<std::string> Pieces(const std::string& name, const std::string& text) {
  return Pieces(FindGgufPreTokenizer(name)->steps, text);
}

std::vector<std::string> Dashes(SplitBehavior behavior, bool inverted, const std::string& text) {
  return Pieces({SplitStep{.pattern = {.text = "-"}, .behavior = behavior, .inverted = inverted}},
                text);
}

std::vector<std::string> Metaspaces(PrependScheme scheme, bool splits, const std::string& text,
                                    bool begins_text = true) {
  return Pieces({MetaspaceStep{.replacement = "_", .scheme = scheme, .splits = splits}}, text,
                begins_text);
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

// What the Python library tokenizers 0.23 makes of the same.
TEST(PreTokenizer, BehavioursOfSplits) {
  using enum SplitBehavior;
  EXPECT_THAT(Dashes(kMergedWithNext, false, "a--b"), ElementsAre("a", "-", "-b"));
  EXPECT_THAT(Dashes(kMergedWithNext, false, "-a-b-"), ElementsAre("-a", "-b", "-"));
  EXPECT_THAT(Dashes(kMergedWithNext, true, "a--b"), ElementsAre("a-", "-", "b"));
  EXPECT_THAT(Dashes(kMergedWithPrevious, false, "a--b"), ElementsAre("a-", "-", "b"));
  EXPECT_THAT(Dashes(kMergedWithPrevious, false, "---x"), ElementsAre("-", "-", "-", "x"));
  EXPECT_THAT(Dashes(kMergedWithPrevious, true, "x---"), ElementsAre("x", "-", "-", "-"));
  EXPECT_THAT(Dashes(kContiguous, false, "a--b-"), ElementsAre("a", "--", "b", "-"));
  EXPECT_THAT(Dashes(kContiguous, true, "---x"), ElementsAre("---", "x"));
  EXPECT_THAT(Dashes(kRemoved, false, "-a--b"), ElementsAre("a", "b"));
  EXPECT_THAT(Dashes(kRemoved, true, "a--b"), ElementsAre("-", "-"));
  EXPECT_THAT(Dashes(kIsolated, false, "a--b"), ElementsAre("a", "-", "-", "b"));
}

TEST(PreTokenizer, EmptyMatchesCut) {
  EXPECT_THAT(Pieces({SplitStep{.pattern = {.text = "x*", .is_expression = true}}}, "axxb\u00e9"),
              ElementsAre("a", "xx", "b", "\u00e9"));
}

TEST(PreTokenizer, Metaspace) {
  using enum PrependScheme;
  EXPECT_THAT(Metaspaces(kNever, true, "a  b"), ElementsAre("a", "_", "_b"));
  EXPECT_THAT(Metaspaces(kNever, true, "x   "), ElementsAre("x", "_", "_", "_"));
  EXPECT_THAT(Metaspaces(kAlways, true, "a b"), ElementsAre("_a", "_b"));
  EXPECT_THAT(Metaspaces(kAlways, false, " a b"), ElementsAre("_a_b"));
  EXPECT_THAT(Metaspaces(kFirst, false, "a"), ElementsAre("_a"));
  EXPECT_THAT(Metaspaces(kFirst, false, "a", /*begins_text=*/false), ElementsAre("a"));
}

TEST(PreTokenizer, StepsFollowEachOther) {
  const std::vector<PreTokenizerStep> steps = {
      SplitStep{.pattern = {.text = ","}, .behavior = SplitBehavior::kRemoved},
      MetaspaceStep{.replacement = "_", .scheme = PrependScheme::kFirst, .splits = false}};
  EXPECT_THAT(Pieces(steps, "a,b"), ElementsAre("_a", "b"));
  // The first piece that is left does not begin the text.
  EXPECT_THAT(Pieces(steps, ",a,b"), ElementsAre("a", "b"));
  EXPECT_THAT(Pieces({steps[0], PrefixSpaceStep{}}, "a, b"), ElementsAre(" a", " b"));
  EXPECT_THAT(Pieces(std::vector<PreTokenizerStep>(), "a b"), ElementsAre("a b"));
}

TEST(PreTokenizer, ExpressionsThatAreNotSupportedAreErrors) {
  const std::vector<PreTokenizerStep> steps = {
      SplitStep{.pattern = {.text = "[^\\W]+", .is_expression = true}}};
  EXPECT_TRUE(absl::IsUnimplemented(PreTokenizer::Create(steps).status()));
}

TEST(PreTokenizer, ExpressionsThatExplodeAreStopped) {
  const std::vector<PreTokenizerStep> steps = {
      SplitStep{.pattern = {.text = "(?:a+a+)+[bc]", .is_expression = true}}};
  EXPECT_THROW(Pieces(steps, std::string(5000, 'a')), std::runtime_error);
}

std::vector<std::string> GgufPieces(const std::string& name, const std::string& text) {
  return Pieces(FindGgufPreTokenizer(name)->steps, text);
}

TEST(GgufPreTokenizers, CutAsTheirFamiliesDo) {
  EXPECT_THAT(GgufPieces("tekken", "camelCase 12"), ElementsAre("camel", "Case", " ", "1", "2"));
  EXPECT_THAT(GgufPieces("llama4", "It's 1234"), ElementsAre("It's", " ", "123", "4"));
  EXPECT_THAT(GgufPieces("qwen35", "e\u0301a b"), ElementsAre("e\u0301a", " b"));
  EXPECT_THAT(GgufPieces("starcoder", "a 12"), ElementsAre("a", " ", "1", "2"));
  EXPECT_THAT(GgufPieces("deepseek-coder", "a b\n12\u4e2d"),
              ElementsAre("a", " b", "\n", "1", "2", "\u4e2d"));
  EXPECT_THAT(GgufPieces("deepseek-llm", "ab 123, x\u4e2d  "),
              ElementsAre("ab", " ", "123", ",", " x", "\u4e2d", "  "));
  EXPECT_THAT(GgufPieces("deepseek-v3", "ab 1234, \u4e2d"),
              ElementsAre("ab", " ", "123", "4", ",", " ", "\u4e2d"));
  EXPECT_THAT(GgufPieces("falcon", "a, 1234"), ElementsAre("a", ",", " ", "123", "4"));
  EXPECT_THAT(GgufPieces("default", "a, 1234"), ElementsAre("a", ",", " ", "123", "4"));
  EXPECT_THAT(GgufPieces("bloom", "a b, c"), ElementsAre("a", " b", ",", " c"));
  EXPECT_THAT(GgufPieces("viking", "a b12"), ElementsAre("a", " b", "1", "2"));
  EXPECT_THAT(GgufPieces("superbpe", "a 1234567"), ElementsAre("a ", "1", "234", "567"));
}

TEST(GgufPreTokenizers, UnknownNamesAreErrors) {
  const auto pre_tokenizer = FindGgufPreTokenizer("other");
  EXPECT_TRUE(absl::IsUnimplemented(pre_tokenizer.status()));
  EXPECT_THAT(
      std::string(pre_tokenizer.status().message()),
      ::testing::StartsWith("pre-tokenizer \"other\" is not supported; supported are gpt-2 "));
}

TEST(GgufPreTokenizers, NamesOfSteps) {
  for (const char* name :
       {"gpt-2", "llama-bpe", "qwen2", "qwen35", "tekken", "gpt-4o", "deepseek-llm",
        "deepseek-coder", "deepseek-v3", "falcon", "bloom", "viking", "superbpe", "default"}) {
    EXPECT_EQ(GgufNameOf(FindGgufPreTokenizer(name)->steps), name);
  }
  std::vector<PreTokenizerStep> steps = FindGgufPreTokenizer("gpt-2")->steps;
  steps.insert(steps.begin(), SplitStep{.pattern = {.text = "\\p{N}", .is_expression = true}});
  // llama.cpp has one rule for "starcoder" and "smollm". Here the second keeps a space with the
  // digit behind it, so a file written under that name would be read otherwise.
  EXPECT_EQ(GgufNameOf(steps), "starcoder");
  EXPECT_EQ(GgufNameOf({PrefixSpaceStep{}}), std::nullopt);
}

}  // namespace
}  // namespace strata::evaluator

#include "evaluator/tokenizer/text_decoder.h"

#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

std::string Decoded(const std::vector<DecoderStep>& steps, const std::vector<std::string>& texts,
                    bool first_is_added = false) {
  std::vector<TextDecoder::Token> tokens;
  for (const std::string& text : texts) tokens.push_back({text, first_is_added && tokens.empty()});
  return TextDecoder::Create(steps).value().Decode(tokens);
}

const ReplaceStep kSpaces{.pattern = {.text = "\u2581", .is_expression = false}, .content = " "};

TEST(TextDecoder, WithoutStepsTokensAreJoined) { EXPECT_EQ(Decoded({}, {"a", "b"}), "ab"); }

TEST(TextDecoder, ByteLevel) {
  EXPECT_EQ(Decoded({ByteLevelDecoderStep{}}, {"a\u0120b", "\u00c3", "\u00a9"}), "a b\u00e9");
  EXPECT_EQ(Decoded({ByteLevelDecoderStep{}}, {"\u4e2d"}), "\u4e2d");
  EXPECT_EQ(Decoded({ByteLevelDecoderStep{}}, {"\u0120", "\u0120"}, /*first_is_added=*/true),
            "\u0120 ");
}

TEST(TextDecoder, AsLlamaHasIt) {
  const std::vector<DecoderStep> steps = {
      kSpaces, ByteFallbackDecoderStep{}, FuseDecoderStep{},
      StripDecoderStep{.character = " ", .left = 1, .right = 0}};
  EXPECT_EQ(Decoded(steps, {"\u2581\u2581a", "\u2581b", "<0xC3>", "<0xA9>", "<0x0g>"}),
            " a b\u00e9<0x0g>");
  EXPECT_EQ(Decoded(steps, {"<s>", "\u2581a"}, /*first_is_added=*/true), "<s> a");
}

TEST(TextDecoder, StripIsOfEveryToken) {
  const StripDecoderStep strip{.character = "x", .left = 1, .right = 2};
  EXPECT_EQ(Decoded({strip}, {"xxaxxx", "bx", "x", ""}), "xaxb");
}

TEST(TextDecoder, Metaspace) {
  const std::vector<std::string> tokens = {"_a_", "_b"};
  EXPECT_EQ(Decoded({MetaspaceDecoderStep{.replacement = "_", .drops_in_first = true}}, tokens),
            "a b");
  EXPECT_EQ(Decoded({MetaspaceDecoderStep{.replacement = "_", .drops_in_first = false}}, tokens),
            " a  b");
}

TEST(TextDecoder, SentencePiece) {
  const SentencePieceDecoderStep drops{.drops_added_space = true};
  EXPECT_EQ(Decoded({drops}, {"<s>", "\u2581a", "\u2581b", "<0x0A>"}, /*first_is_added=*/true),
            "<s>a b\n");
  EXPECT_EQ(Decoded({SentencePieceDecoderStep{.drops_added_space = false}}, {"\u2581a"}), " a");
}

TEST(TextDecoder, ErrorsOfExpressions) {
  const ReplaceStep bad{.pattern = {.text = "(", .is_expression = true}, .content = ""};
  EXPECT_TRUE(absl::IsInvalidArgument(TextDecoder::Create({bad}).status()));
}

}  // namespace
}  // namespace strata::evaluator

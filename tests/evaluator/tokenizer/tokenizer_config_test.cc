#include "evaluator/tokenizer/tokenizer_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

TEST(TokenizerConfig, NothingWithoutFiles) {
  const TemporaryFolder folder;
  const TokenizerConfig config = ReadTokenizerConfig(folder.path()).value();
  EXPECT_TRUE(config.tokenizer_class.empty());
  EXPECT_FALSE(config.adds_begin.has_value());
  EXPECT_TRUE(config.named_tokens.empty());
}

TEST(TokenizerConfig, TheFirstFileThatNamesATokenCounts) {
  const TemporaryFolder folder;
  folder.Write("tokenizer_config.json", R"({
    "tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "add_eos_token": false, "legacy": true,
    "bos_token": {"content": "<s>", "lstrip": true, "normalized": true}, "eos_token": null,
    "added_tokens_decoder": {"7": {"content": "x", "special": false}}})");
  folder.Write("special_tokens_map.json", R"({"bos_token": "<b>", "eos_token": "</s>"})");
  folder.Write("config.json", R"({"bos_token_id": 5, "eos_token_id": [9, 10]})");
  const TokenizerConfig config = ReadTokenizerConfig(folder.path()).value();
  EXPECT_EQ(config.tokenizer_class, "GPT2Tokenizer");
  EXPECT_EQ(config.adds_begin, true);
  EXPECT_EQ(config.adds_end, false);
  EXPECT_EQ(config.legacy, true);
  EXPECT_EQ(config.named_tokens.at("bos_token").text, "<s>");
  EXPECT_TRUE(config.named_tokens.at("bos_token").strips_left);
  EXPECT_TRUE(config.named_tokens.at("bos_token").special);
  EXPECT_EQ(config.named_tokens.at("eos_token").text, "</s>");
  EXPECT_EQ(config.added_tokens.at(7).text, "x");
  EXPECT_FALSE(config.added_tokens.at(7).special);
  EXPECT_EQ(config.begin_id, 5);
  EXPECT_EQ(config.end_id, 9);
  EXPECT_TRUE(config.denied_tokens.empty());
}

TEST(TokenizerConfig, ANullIsNotAnAbsence) {
  const TemporaryFolder folder;
  folder.Write("tokenizer_config.json", R"({"bos_token": null, "add_bos_token": null})");
  folder.Write("special_tokens_map.json", R"({"eos_token": null})");
  const TokenizerConfig config = ReadTokenizerConfig(folder.path()).value();
  EXPECT_THAT(config.denied_tokens, ::testing::ElementsAre("bos_token", "eos_token"));
  EXPECT_EQ(config.adds_begin, false);
  EXPECT_FALSE(config.adds_end.has_value());
}

std::string ErrorOf(const std::string& file, const std::string& contents) {
  const TemporaryFolder folder;
  folder.Write(file, contents);
  return std::string(ReadTokenizerConfig(folder.path()).status().message());
}

TEST(TokenizerConfig, DamageIsNamed) {
  EXPECT_THAT(ErrorOf("tokenizer_config.json", "{"),
              HasSubstr("tokenizer_config.json: expected JSON"));
  EXPECT_THAT(ErrorOf("tokenizer_config.json", R"({"add_bos_token": 1})"),
              HasSubstr("add_bos_token: expected true or false, found 1"));
  EXPECT_THAT(ErrorOf("tokenizer_config.json", R"({"added_tokens_decoder": {"x": "y"}})"),
              HasSubstr("added_tokens_decoder: expected ids as keys"));
  EXPECT_THAT(ErrorOf("special_tokens_map.json", R"({"bos_token": 7})"),
              HasSubstr("special_tokens_map.json: bos_token: expected an object, found 7"));
  EXPECT_THAT(ErrorOf("config.json", R"({"eos_token_id": ["a"]})"),
              HasSubstr("config.json: eos_token_id[0]: expected an integer, found \"a\""));
}

}  // namespace
}  // namespace strata::evaluator

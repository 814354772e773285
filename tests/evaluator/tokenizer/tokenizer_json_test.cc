#include "evaluator/tokenizer/tokenizer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/tokenizer/tokenizer.h"

namespace strata::evaluator {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// BPE over "a", "b" and "ab", with <s> = 3 added.
json Small() {
  return json::parse(R"({
    "added_tokens": [{"id": 3, "content": "<s>", "special": true}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}
  })");
}

// `text` replaces what the pointer, as "/model/type", leads to.
json With(const std::string& pointer, const std::string& text) {
  json changed = Small();
  changed[json::json_pointer(pointer)] = json::parse(text);
  return changed;
}

absl::StatusOr<TokenizerDescription> Read(const json& value) {
  return ReadTokenizerJson(value, "f.json");
}

std::string ErrorOf(const json& value) { return std::string(Read(value).status().message()); }

TEST(TokenizerJson, BytePairs) {
  const TokenizerDescription description = Read(Small()).value();
  EXPECT_EQ(description.source, "f.json");
  EXPECT_EQ(description.scheme, TokenizerScheme::kRankedMerges);
  EXPECT_THAT(description.tokens, ElementsAre("a", "b", "ab", "<s>"));
  EXPECT_EQ(description.types[3], TokenType::kControl);
  EXPECT_THAT(MergeTexts(description), ElementsAre("a b"));
  EXPECT_FALSE(description.byte_level || description.byte_fallback || description.ignores_merges ||
               description.adds_begin || description.unknown.has_value());
  EXPECT_THAT(MergeTexts(*Read(With("/model/merges", R"([["a", "b"]])"))), ElementsAre("a b"));
}

TEST(TokenizerJson, ModelWithoutATypeIsKnownByItsMerges) {
  json old = Small();
  old["model"].erase("type");
  EXPECT_TRUE(Read(old).ok());
  old["model"].erase("merges");
  EXPECT_TRUE(absl::IsUnimplemented(Read(old).status()));
}

TEST(TokenizerJson, Flags) {
  json flags = Small();
  flags["model"].update(json::parse(
      R"({"byte_fallback": true, "ignore_merges": true, "fuse_unk": true, "unk_token": "b",
          "dropout": null, "continuing_subword_prefix": "", "end_of_word_suffix": null})"));
  const TokenizerDescription description = Read(flags).value();
  EXPECT_TRUE(description.byte_fallback && description.ignores_merges && description.fuses_unknown);
  EXPECT_EQ(description.unknown, 1);
}

TEST(TokenizerJson, Unigram) {
  json unigram = With("/model", R"({"type": "Unigram", "unk_id": 0, "byte_fallback": false,
                                    "vocab": [["<unk>", 0], ["a", -1.5], ["aa", -2]]})");
  const TokenizerDescription description = Read(unigram).value();
  EXPECT_EQ(description.scheme, TokenizerScheme::kUnigram);
  EXPECT_THAT(description.tokens, ElementsAre("<unk>", "a", "aa", "<s>"));
  EXPECT_THAT(MakeTokenizer(description).value()->Encode("aaa<s>x"), ElementsAre(1, 2, 3, 0));
}

TEST(TokenizerJson, AddedTokens) {
  const TokenizerDescription description =
      Read(With("/added_tokens/0",
                R"({"id": 5, "content": "x", "special": false, "normalized": true,
                    "single_word": true, "lstrip": true, "rstrip": true})"))
          .value();
  EXPECT_THAT(description.tokens, ElementsAre("a", "b", "ab", "", "", "x"));
  const AddedToken& token = description.added_tokens.at(0);
  EXPECT_EQ(token.id, 5);
  EXPECT_TRUE(token.normalized && token.single_word && token.strips_left && token.strips_right);
  EXPECT_FALSE(token.special);
  EXPECT_EQ(description.types[5], TokenType::kUserDefined);
}

TEST(TokenizerJson, DamageIsNamed) {
  EXPECT_EQ(ErrorOf(json::parse("[]")), "f.json: expected an object, found array");
  EXPECT_EQ(ErrorOf(json::parse("{}")), "f.json: expected a field \"model\", found object");
  EXPECT_EQ(ErrorOf(With("/model/vocab", "[]")),
            "f.json: model.vocab: expected an object, found array");
  EXPECT_THAT(ErrorOf(With("/model/vocab/a", "1.5")), HasSubstr("token \"a\""));
  EXPECT_THAT(ErrorOf(With("/model/vocab/a", "-1")), HasSubstr("found -1"));
  EXPECT_THAT(ErrorOf(With("/model/vocab/a", "18446744073709551615")), HasSubstr("token \"a\""));
  EXPECT_THAT(ErrorOf(With("/model/vocab/a", "2000000000")), HasSubstr("found 2000000000"));
  EXPECT_THAT(ErrorOf(With("/model/vocab/a", "1")), HasSubstr("id 1: expected one token"));
  EXPECT_THAT(ErrorOf(With("/model/merges", R"(["a c"])")), HasSubstr("merge 0 is \"a c\""));
  EXPECT_THAT(ErrorOf(With("/model/merges", R"([["a"]])")), HasSubstr("model.merges: entry 0"));
  EXPECT_THAT(ErrorOf(With("/model/merges", "7")), HasSubstr("model.merges: expected an array"));
  EXPECT_THAT(ErrorOf(With("/model/unk_token", "\"x\"")), HasSubstr("model.unk_token"));
  EXPECT_THAT(ErrorOf(With("/added_tokens/0/id", "0")), HasSubstr("id 0: expected one token"));
  EXPECT_THAT(ErrorOf(With("/added_tokens/0/content", "null")),
              HasSubstr("added_tokens[0].content: expected a string, found null"));
  EXPECT_THAT(ErrorOf(With("/model", R"({"type": "Unigram", "vocab": [["a"]]})")),
              HasSubstr("model.vocab: entry 0"));
  EXPECT_THAT(ErrorOf(With("/model", R"({"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1})")),
              HasSubstr("model.unk_id: expected an id of the vocabulary, found 1"));
}

TEST(TokenizerJson, WhatIsNotSupportedIsNamed) {
  for (const auto& [pointer, text, what] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"/model/type", "\"WordLevel\"", "model \"WordLevel\""},
           {"/model/dropout", "0.1", "dropout"},
           {"/model/end_of_word_suffix", "\"</w>\"", "end_of_word_suffix \"</w>\""},
           {"/normalizer", R"({"type": "Nmt"})", "normalizer \"Nmt\""},
           {"/pre_tokenizer", R"({"type": "UnicodeScripts"})", "pre-tokenizer \"UnicodeScripts\""},
           {"/decoder", R"({"type": "CTC"})", "decoder \"CTC\""},
           {"/post_processor", R"({"type": "Other"})", "post-processor \"Other\""}}) {
    const absl::Status status = Read(With(pointer, text)).status();
    EXPECT_TRUE(absl::IsUnimplemented(status)) << pointer;
    EXPECT_THAT(std::string(status.message()), HasSubstr("f.json: "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(what + " is not supported"));
  }
}

}  // namespace
}  // namespace strata::evaluator

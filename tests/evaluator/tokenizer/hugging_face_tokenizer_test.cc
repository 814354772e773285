#include "evaluator/tokenizer/hugging_face_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/tokenizer/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Characters with <s> = 3, </s> = 4, and a post-processor that puts </s> in front.
constexpr const char* kTokenizerJson = R"({
  "added_tokens": [{"id": 3, "content": "<s>", "special": true}, {"id": 4, "content": "</s>", "special": true}],
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "</s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"</s>": {"id": "</s>", "ids": [4]}}},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})";

class HuggingFaceTokenizer : public ::testing::Test {
 protected:
  HuggingFaceTokenizer() { folder_.Write("tokenizer.json", kTokenizerJson); }

  absl::StatusOr<TokenizerDescription> Read() const {
    return ReadHuggingFaceTokenizer(folder_.path());
  }
  std::string ErrorOf() const { return std::string(Read().status().message()); }

  TemporaryFolder folder_;
};

TEST_F(HuggingFaceTokenizer, PostProcessorDecidesWithoutFlags) {
  folder_.Write("tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": "<s>"})");
  const auto tokenizer = OpenTokenizer(folder_.path()).value();
  EXPECT_EQ(tokenizer->begin_token(), 4);
  EXPECT_EQ(tokenizer->end_token(), 3);
  EXPECT_FALSE(tokenizer->appends_end_token());
  EXPECT_THAT(tokenizer->Encode("ab<s>b"), ElementsAre(2, 3, 1));
}

// As transformers 5, which drops the flags if there is a tokenizer.json.
TEST_F(HuggingFaceTokenizer, TheTemplateOfTokenizerJsonDecidesWhateverTheFlagsSay) {
  for (const char* flags : {R"("add_bos_token": false)", R"("add_eos_token": true)"}) {
    folder_.Write("tokenizer_config.json",
                  std::string("{") + flags + R"(, "bos_token": "<s>", "eos_token": "</s>"})");
    EXPECT_TRUE(Read()->adds_begin) << flags;
    EXPECT_EQ(Read()->begin, 4) << flags;
    EXPECT_FALSE(Read()->adds_end) << flags;
  }
  folder_.Write("tokenizer.json", R"({"added_tokens": [{"id": 3, "content": "<s>"}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})");
  folder_.Write("tokenizer_config.json", R"({"add_bos_token": true, "bos_token": "<s>"})");
  EXPECT_FALSE(Read()->adds_begin);
  EXPECT_EQ(Read()->begin, 3);
}

TEST(HuggingFaceDirectory, FlagsCountWithoutTokenizerJson) {
  const TemporaryFolder folder;
  folder.Write("vocab.json", R"({"<s>": 0, "</s>": 1, "a": 2})");
  folder.Write("merges.txt", "#version: 0.2\n");
  const auto read = [&](const std::string& flags) {
    folder.Write("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer", )" + flags +
                                              R"(, "bos_token": "<s>", "eos_token": "</s>"})");
    return ReadHuggingFaceTokenizer(folder.path()).value();
  };
  EXPECT_TRUE(read(R"("add_bos_token": true)").adds_begin);
  EXPECT_FALSE(read(R"("add_bos_token": true)").adds_end);
  EXPECT_TRUE(read(R"("add_eos_token": true)").adds_end);
  EXPECT_FALSE(read(R"("add_bos_token": null)").adds_begin);
}

// Qwen 2.5 Instruct has this form: the tokenizer has no begin token, config.json names one.
TEST_F(HuggingFaceTokenizer, ANullIsNotAnAbsence) {
  folder_.Write("tokenizer.json", R"({"added_tokens": [{"id": 3, "content": "<s>"}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})");
  folder_.Write("config.json", R"({"bos_token_id": 1, "eos_token_id": 2})");
  folder_.Write("tokenizer_config.json", R"({"bos_token": null, "eos_token": "<s>"})");
  EXPECT_EQ(Read()->begin, std::nullopt);
  EXPECT_EQ(Read()->end, 3);
  folder_.Write("tokenizer_config.json", R"({"eos_token": null})");
  EXPECT_EQ(Read()->begin, 1);
  EXPECT_EQ(Read()->end, std::nullopt);
  folder_.Write("special_tokens_map.json", R"({"eos_token": "<s>"})");
  EXPECT_EQ(Read()->end, 3);
}

TEST_F(HuggingFaceTokenizer, IdsOfTheModelsConfigWhereNoTokenIsNamed) {
  folder_.Write("config.json", R"({"eos_token_id": 1})");
  EXPECT_EQ(Read()->end, 1);
  EXPECT_EQ(Read()->begin, 4);
  folder_.Write("config.json", R"({"eos_token_id": 5})");
  EXPECT_THAT(ErrorOf(),
              HasSubstr("config.json: eos_token_id: expected an id from 0 to 4, found 5"));
}

TEST_F(HuggingFaceTokenizer, TokensOfTheConfigAreAdded) {
  folder_.Write("tokenizer_config.json",
                R"({"added_tokens_decoder": {"5": {"content": "<x>"}, "3": {"content": "<s>"}}})");
  EXPECT_THAT(OpenTokenizer(folder_.path()).value()->Encode("<x>a<s>"), ElementsAre(5, 0, 3));
  folder_.Write("tokenizer_config.json", R"({"added_tokens_decoder": {"3": {"content": "<x>"}}})");
  EXPECT_THAT(ErrorOf(), HasSubstr("added_tokens_decoder: 3: expected \"<s>\""));
  folder_.Write("tokenizer_config.json",
                R"({"added_tokens_decoder": {"2000000000": {"content": "x"}}})");
  EXPECT_THAT(ErrorOf(), HasSubstr("found 2000000000"));
  folder_.Write("tokenizer_config.json", R"({"bos_token": "<y>"})");
  EXPECT_THAT(ErrorOf(), HasSubstr("bos_token: expected a token of the vocabulary, found \"<y>\""));
}

TEST_F(HuggingFaceTokenizer, TokenizerJsonComesFirst) {
  folder_.Write("tokenizer.model", "no model");
  folder_.Write("vocab.json", "no vocabulary");
  EXPECT_TRUE(Read().ok());
}

// OPT: GPT-2's vocabulary behind four tokens, of which </s> begins a text and ends it.
TEST(HuggingFaceDirectory, OptBeginsWithItsEndToken) {
  const TemporaryFolder folder;
  folder.Write("vocab.json",
               R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5, "ab": 6})");
  folder.Write("merges.txt", "#version: 0.2\na b\n");
  folder.Write("tokenizer_config.json",
               R"({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true,
      "bos_token": {"__type": "AddedToken", "content": "</s>", "normalized": true},
      "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>"})");
  folder.Write("config.json", R"({"model_type": "opt", "bos_token_id": 2, "eos_token_id": 2})");
  const auto tokenizer = OpenTokenizer(folder.path()).value();
  EXPECT_EQ(tokenizer->begin_token(), 2);
  EXPECT_EQ(tokenizer->end_token(), 2);
  EXPECT_FALSE(tokenizer->appends_end_token());
  EXPECT_THAT(tokenizer->Encode("ab</s>a<pad>b"), ElementsAre(6, 2, 4, 1, 5));
}

TEST(HuggingFaceDirectory, FilesThatAreLookedFor) {
  const TemporaryFolder folder;
  const absl::Status none = OpenTokenizer(folder.path()).status();
  EXPECT_TRUE(absl::IsNotFound(none));
  EXPECT_THAT(std::string(none.message()),
              HasSubstr("tokenizer.json, tokenizer.model, or vocab.json"));
  folder.Write("vocab.json", R"({"a": 0})");
  EXPECT_THAT(std::string(OpenTokenizer(folder.path()).status().message()),
              HasSubstr("merges.txt: cannot be opened"));
  folder.Write("tokenizer.model", "no model");
  EXPECT_THAT(std::string(OpenTokenizer(folder.path()).status().message()),
              HasSubstr("tokenizer.model: expected a SentencePiece model"));
}

}  // namespace
}  // namespace strata::evaluator

#include "evaluator/tokenizer/vocabulary_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "evaluator/tokenizer/tokenizer.h"
#include "tests/evaluator/support/gguf_writer.h"
#include "tests/evaluator/tokenizer/tokenizer_vectors.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VocabularyFiles : public ::testing::Test {
 protected:
  VocabularyFiles() {
    folder_.Write("vocab.json", R"({"</s>": 0, "a": 1, "b": 2, "\u0120": 3, "\u0120a": 4})");
    folder_.Write("merges.txt", "#version: 0.2\n\u0120 a\r\n\n");
  }
  absl::StatusOr<TokenizerDescription> Read(const TokenizerConfig& config) const {
    return ReadVocabularyFiles(folder_.path(), config);
  }

  TemporaryFolder folder_;
};

// OPT's files: GPT-2's class with </s> in front of every text.
TEST_F(VocabularyFiles, AsOptHasThem) {
  folder_.Write(
      "tokenizer_config.json",
      R"({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "bos_token": "</s>"})");
  const auto tokenizer = OpenTokenizer(folder_.path()).value();
  EXPECT_EQ(tokenizer->begin_token(), 0);
  EXPECT_THAT(tokenizer->Encode("b a</s>a"), ElementsAre(2, 4, 0, 1));
  EXPECT_EQ(tokenizer->Decode({4, 2}), " ab");
}

TEST_F(VocabularyFiles, StepsAreThoseOfTheClass) {
  TokenizerConfig config;
  config.tokenizer_class = "Qwen2TokenizerFast";
  const TokenizerDescription qwen = Read(config).value();
  EXPECT_EQ(*GgufPreTokenizerName(qwen), "qwen2");
  EXPECT_EQ(qwen.normalizer.size(), 1u);
  EXPECT_EQ(*GgufPreTokenizerName(Read({}).value()), "gpt-2");
  TokenizerConfig spaced;
  spaced.adds_prefix_space = true;
  EXPECT_THAT(MakeTokenizer(Read(spaced).value()).value()->Encode("a"), ElementsAre(4));
  config.tokenizer_class = "BertTokenizer";
  EXPECT_TRUE(absl::IsUnimplemented(Read(config).status()));
}

TEST_F(VocabularyFiles, DamageIsNamed) {
  folder_.Write("merges.txt", "a b\n");
  EXPECT_THAT(std::string(Read({}).status().message()), HasSubstr("merge 0 is \"a b\""));
  folder_.Write("vocab.json", R"(["a"])");
  EXPECT_THAT(std::string(Read({}).status().message()),
              HasSubstr("vocab.json: expected an object"));
}

TEST(Gpt2Files, Vectors) {
  const std::string folder = DevelopmentData("tokenizers");
  if (!std::filesystem::exists(folder + "/gpt2-vocab.json")) {
    GTEST_SKIP() << folder << " is absent: it is optional data for development";
  }
  const TemporaryFolder files;
  std::filesystem::create_symlink(folder + "/gpt2-vocab.json", files.path() + "/vocab.json");
  std::filesystem::create_symlink(folder + "/gpt2-merges.txt", files.path() + "/merges.txt");
  const auto tokenizer = OpenTokenizer(files.path()).value();
  for (const TokenizerVector& vector : ReadTokenizerVectors(folder + "/ggml-vocab-gpt-2.gguf")) {
    EXPECT_EQ(tokenizer->Encode(vector.text), vector.ids) << vector.text;
    EXPECT_EQ(tokenizer->Decode(vector.ids), vector.text);
  }
}

}  // namespace
}  // namespace strata::evaluator

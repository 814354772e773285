#include "evaluator/tokenizer/gguf_tokenizer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "evaluator/tokenizer/tokenizer.h"
#include "tests/evaluator/support/gguf_writer.h"
#include "tests/evaluator/tokenizer/tokenizer_vectors.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// <unk> = 0, <s> = 1, bytes from 2, then ordinary tokens from 258 with falling scores.
struct SmallVocabulary {
  std::vector<std::string> tokens = {"<unk>", "<s>"};
  std::vector<int32_t> types = {2, 3};
  std::vector<float> scores = {0, 0};

  SmallVocabulary() {
    for (int byte = 0; byte < 256; ++byte) Add(fmt::format("<0x{:02X}>", byte), 6, 0);
    for (const char* token : {"\u2581", "a", "b", "c", "ab", "\u2581a", "bc", "\u2581\u2581"}) {
      Add(token, 1, -static_cast<float>(tokens.size()));
    }
  }
  void Add(const std::string& token, int32_t type, float score) {
    tokens.push_back(token);
    types.push_back(type);
    scores.push_back(score);
  }
  static constexpr int32_t kSpace = 258;
  static constexpr int32_t kA = 259;
  static constexpr int32_t kB = 260;
  static constexpr int32_t kC = 261;
  static constexpr int32_t kAb = 262;
  static constexpr int32_t kSpaceA = 263;
  static constexpr int32_t kBc = 264;
  static constexpr int32_t kTwoSpaces = 265;
  static int32_t Byte(unsigned char byte) { return 2 + byte; }

  GgufWriter Writer() const {
    GgufWriter writer;
    writer.Text("tokenizer.ggml.model", "llama")
        .Texts("tokenizer.ggml.tokens", tokens)
        .Int32s("tokenizer.ggml.token_type", types)
        .Float32s("tokenizer.ggml.scores", scores)
        .Uint32("tokenizer.ggml.bos_token_id", 1);
    return writer;
  }
};

absl::StatusOr<std::unique_ptr<Tokenizer>> Open(const GgufWriter& writer) {
  const TemporaryFile file(writer.Finish());
  return OpenTokenizer(file.path());
}

std::string ErrorOf(const GgufWriter& writer) {
  const auto tokenizer = Open(writer);
  return tokenizer.ok() ? "no error" : std::string(tokenizer.status().message());
}

using V = SmallVocabulary;

TEST(GgufSentencePiece, MergesByScore) {
  const auto tokenizer = Open(V().Writer()).value();
  EXPECT_EQ(tokenizer->begin_token(), 1);
  EXPECT_EQ(tokenizer->vocabulary_size(), 266);
  EXPECT_THAT(tokenizer->Encode(""), ElementsAre());
  // "ab" scores above "\u2581a", which scores above "bc".
  EXPECT_THAT(tokenizer->Encode("abc"), ElementsAre(V::kSpace, V::kAb, V::kC));
  EXPECT_THAT(tokenizer->Encode("acbc"), ElementsAre(V::kSpaceA, V::kC, V::kBc));
  EXPECT_THAT(tokenizer->Encode(" a"), ElementsAre(V::kSpace, V::kSpaceA));
  EXPECT_THAT(tokenizer->Encode(" b"), ElementsAre(V::kTwoSpaces, V::kB));
}

TEST(GgufSentencePiece, UnknownCharactersAreBytes) {
  const auto tokenizer = Open(V().Writer()).value();
  EXPECT_THAT(tokenizer->Encode("b\u00e9\xFF"),
              ElementsAre(V::kSpace, V::kB, V::Byte(0xC3), V::Byte(0xA9), V::Byte(0xFF)));
}

TEST(GgufSentencePiece, ByteAndControlTokensAreNotMadeFromText) {
  V vocabulary;
  vocabulary.Add("<0x0", 1, 0);
  vocabulary.Add("<0x0A", 1, 0);
  const auto tokenizer = Open(vocabulary.Writer()).value();
  const std::vector<int32_t> ids = tokenizer->Encode("<0x0A>");
  EXPECT_EQ(std::count(ids.begin(), ids.end(), V::Byte('\n')), 0);
  EXPECT_EQ(tokenizer->Decode(ids), "<0x0A>");
}

TEST(GgufSentencePiece, SpecialTokensCutTheTextAndANewSpaceFollows) {
  const auto tokenizer = Open(V().Writer()).value();
  EXPECT_THAT(tokenizer->Encode("<s>a<s>a"), ElementsAre(1, V::kSpaceA, 1, V::kSpaceA));
  EXPECT_EQ(tokenizer->Decode({1, V::kSpaceA, 1, V::kSpaceA}), "<s>a<s>a");
}

TEST(GgufSentencePiece, NoSpaceWhereTheFileSaysSo) {
  GgufWriter writer = V().Writer();
  writer.Bool("tokenizer.ggml.add_space_prefix", false).Bool("tokenizer.ggml.add_bos_token", false);
  const auto tokenizer = Open(writer).value();
  EXPECT_EQ(tokenizer->begin_token(), -1);
  EXPECT_THAT(tokenizer->Encode("ac"), ElementsAre(V::kA, V::kC));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(" a")), " a");
}

TEST(GgufSentencePiece, DecodeOfEncodeIsTheTextForAnyBytes) {
  V spanning;
  spanning.Add("a\u2581b", 1, -300);  // a token across words: nothing may be split first
  for (const V& vocabulary : {V(), spanning}) {
    const auto tokenizer = Open(vocabulary.Writer()).value();
    std::mt19937 random(23);
    const std::vector<std::string> parts = {"a",        "b",    "c",      " ",  "  ",     "<s>",
                                            "\xE2\x96", "\xFF", "\u00e9", "\n", "<0x41>", "<unk>"};
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      for (uint32_t i = random() % 16; i > 0; --i) text += parts[random() % parts.size()];
      ASSERT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text) << ::testing::PrintToString(text);
    }
  }
}

TEST(GgufSentencePiece, TokensAcrossWordsAreFound) {
  V vocabulary;
  vocabulary.Add("a\u2581", 1, -1);
  vocabulary.Add("a\u2581b", 1, -1);
  EXPECT_THAT(Open(vocabulary.Writer()).value()->Encode("a b"), ElementsAre(V::kSpace, 267));
}

TEST(GgufSentencePiece, ErrorsNameWhatIsWrong) {
  V short_scores;
  short_scores.scores.pop_back();
  EXPECT_THAT(ErrorOf(short_scores.Writer()), HasSubstr("expected 266 real numbers"));
  V nan_score;
  nan_score.scores[260] = std::nanf("");
  EXPECT_THAT(ErrorOf(nan_score.Writer()), HasSubstr("token 260: expected a number, found NaN"));
  V no_byte;
  no_byte.tokens[V::Byte(9)] = "tab";
  no_byte.types[V::Byte(9)] = 1;
  EXPECT_THAT(ErrorOf(no_byte.Writer()), HasSubstr("no token <0x09> of type byte"));
  GgufWriter with_unknown = no_byte.Writer();
  with_unknown.Uint32("tokenizer.ggml.unknown_token_id", 0);
  EXPECT_THAT(Open(with_unknown).value()->Encode("b\t"), ElementsAre(V::kSpace, V::kB, 0));
  V odd_byte;
  odd_byte.Add("<0xZZ>", 6, 0);
  EXPECT_THAT(ErrorOf(odd_byte.Writer()),
              HasSubstr("token 266 is of type byte: expected <0x00> to <0xFF>, found \"<0xZZ>\""));
  GgufWriter none;
  none.Text("tokenizer.ggml.model", "llama").Texts("tokenizer.ggml.tokens", {"a"});
  EXPECT_THAT(ErrorOf(none), HasSubstr("tokenizer.ggml.scores"));
}

TEST(GgufSentencePiece, LlamaVectors) {
  const std::string vocabulary = DevelopmentData("tokenizers/ggml-vocab-llama-spm.gguf");
  if (!std::filesystem::exists(vocabulary)) {
    GTEST_SKIP() << vocabulary << " is absent: it is optional data for development";
  }
  const auto tokenizer = OpenTokenizer(vocabulary).value();
  EXPECT_EQ(tokenizer->begin_token(), 1);
  const std::vector<TokenizerVector> vectors = ReadTokenizerVectors(vocabulary);
  ASSERT_GT(vectors.size(), 40u);
  for (const TokenizerVector& vector : vectors) {
    EXPECT_EQ(tokenizer->Encode(vector.text), vector.ids) << vector.text;
    EXPECT_EQ(tokenizer->Decode(vector.ids), vector.text);
  }
}

TEST(GgufSentencePiece, SmallTrainedModel) {
  const std::string model = DevelopmentData("models/stories260K.gguf");
  if (!std::filesystem::exists(model)) {
    GTEST_SKIP() << model << " is absent: it is optional data for development";
  }
  const auto tokenizer = OpenTokenizer(model).value();
  const std::string text = "Once upon a time, there was a little girl.";
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
  EXPECT_EQ(tokenizer->begin_token(), 1);
}

}  // namespace
}  // namespace strata::evaluator

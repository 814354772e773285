#include "evaluator/tokenizer/tokenizer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "evaluator/files/digest.h"
#include "evaluator/formats/gguf_file.h"
#include "evaluator/tokenizer/byte_alphabet.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "tests/evaluator/support/gguf_writer.h"
#include "tests/evaluator/tokenizer/tokenizer_vectors.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Tokenizer& DefaultTokenizer() {
  static const std::unique_ptr<Tokenizer> tokenizer = OpenTokenizer(DefaultModelPath()).value();
  return *tokenizer;
}

// All bytes; merges of "ab", "abc" and " a"; a control token <s> = 0 and a longer one, <s>> = 1.
struct SmallVocabulary {
  std::vector<std::string> tokens = {"<s>", "<s>>"};
  std::vector<int32_t> types = {3, 3};
  std::vector<std::string> merges = {"a b", "ab c", "\u0120 a"};

  SmallVocabulary() {
    const ByteAlphabet alphabet;
    for (int byte = 0; byte < 256; ++byte) Add(alphabet.symbol(static_cast<unsigned char>(byte)));
    for (const char* token : {"ab", "abc", "\u0120a"}) Add(token);
  }
  void Add(const std::string& token) {
    tokens.push_back(token);
    types.push_back(1);
  }
  static int32_t Byte(unsigned char byte) { return 2 + byte; }
  static constexpr int32_t kAb = 258;
  static constexpr int32_t kAbc = 259;
  static constexpr int32_t kSpaceA = 260;

  GgufWriter Writer(const std::string& pre = "gpt-2") const {
    GgufWriter writer;
    writer.Text("tokenizer.ggml.model", "gpt2")
        .Text("tokenizer.ggml.pre", pre)
        .Texts("tokenizer.ggml.tokens", tokens)
        .Int32s("tokenizer.ggml.token_type", types)
        .Texts("tokenizer.ggml.merges", merges);
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

nlohmann::json ReadOracle(const std::string& name) {
  std::ifstream file(STRATA_SOURCE_DIR "/tests/oracles/" + name);
  if (!file) throw std::runtime_error("tests/oracles/" + name + " is part of the project");
  return nlohmann::json::parse(file).at("tokenization");
}

void ExpectReferenceIds(const Tokenizer& tokenizer, const std::string& name,
                        const nlohmann::json& expected) {
  const auto text = ReadText(DefaultTextPath() + "/" + name, TextFormat::kPlain);
  ASSERT_TRUE(text.ok()) << text.status();
  const std::vector<int32_t> ids = tokenizer.Encode(*text);
  EXPECT_EQ(ids.size(), expected.at("count").get<size_t>()) << name;
  EXPECT_EQ(Sha256(fmt::format("{}", fmt::join(ids, ","))),
            expected.at("sha256_of_ids_joined_by_comma").get<std::string>())
      << name;
  EXPECT_EQ(tokenizer.Decode(ids), *text) << name;
}

TEST(ByteLevelTokenizer, DefaultTextsGiveTheReferenceIds) {
  const nlohmann::json oracle = ReadOracle("tokenization.json");
  ASSERT_EQ(oracle.size(), 249u);
  for (const auto& [name, expected] : oracle.items()) {
    ExpectReferenceIds(DefaultTokenizer(), name, expected);
  }
}

TEST(ByteLevelTokenizer, DefaultModelHasNoBeginToken) {
  EXPECT_EQ(DefaultTokenizer().begin_token(), -1);
  EXPECT_EQ(DefaultTokenizer().vocabulary_size(), 49152);
}

TEST(ByteLevelTokenizer, SpecialTokensOfTheDefaultModelAreFoundInText) {
  EXPECT_THAT(DefaultTokenizer().Encode("<|im_start|><|endoftext|>"), ElementsAre(1, 0));
  const std::vector<int32_t> cut = DefaultTokenizer().Encode("<|im_start|");
  EXPECT_EQ(std::count(cut.begin(), cut.end(), 1), 0);
}

TEST(ByteLevelTokenizer, MergesByRankThenFromTheLeft) {
  const auto tokenizer = Open(SmallVocabulary().Writer()).value();
  using V = SmallVocabulary;
  EXPECT_THAT(tokenizer->Encode("abc"), ElementsAre(V::kAbc));
  EXPECT_THAT(tokenizer->Encode("aab"), ElementsAre(V::Byte('a'), V::kAb));
  // "a b" ranks before "\u0120 a", so the space stays alone.
  EXPECT_THAT(tokenizer->Encode("x ab"), ElementsAre(V::Byte('x'), V::Byte(' '), V::kAb));
  EXPECT_THAT(tokenizer->Encode("x a a"), ElementsAre(V::Byte('x'), V::kSpaceA, V::kSpaceA));
  EXPECT_THAT(tokenizer->Encode(""), ElementsAre());
}

TEST(ByteLevelTokenizer, TokenThatItsMergesDoNotMakeIsNotUsedUnlessTheKindIgnoresMerges) {
  SmallVocabulary vocabulary;
  vocabulary.Add("xyz");
  using V = SmallVocabulary;
  const auto strict = Open(vocabulary.Writer()).value();
  EXPECT_THAT(strict->Encode("xyz"), ElementsAre(V::Byte('x'), V::Byte('y'), V::Byte('z')));
  GgufWriter writer = vocabulary.Writer("llama-bpe");
  writer.Uint32("tokenizer.ggml.bos_token_id", 0);
  const auto loose = Open(writer).value();
  EXPECT_THAT(loose->Encode("xyz"), ElementsAre(261));
  EXPECT_EQ(loose->begin_token(), 0);
}

TEST(ByteLevelTokenizer, RepeatedPiecesAreTheSameIds) {
  const auto tokenizer = Open(SmallVocabulary().Writer()).value();
  const std::vector<int32_t> once = tokenizer->Encode("abcab");
  std::vector<int32_t> thrice;
  for (int i = 0; i < 3; ++i) {
    if (i > 0) thrice.push_back(SmallVocabulary::Byte('\n'));
    thrice.insert(thrice.end(), once.begin(), once.end());
  }
  EXPECT_EQ(tokenizer->Encode("abcab\nabcab\nabcab"), thrice);
}

TEST(ByteLevelTokenizer, DecodeOfEncodeIsTheTextForAnyBytes) {
  const auto tokenizer = Open(SmallVocabulary().Writer()).value();
  std::mt19937 random(20240521);
  const std::vector<std::string> parts = {
      "a",    "b",      " ",      "abc", "<s>", "<s>>", "\xC3", "\xE2\x82", "\xFF",
      "\x80", "\u00e9", "\u4e2d", "\n",  "7",   "'s",   "\t",   "\xED\xA0", "\U0001F600"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint32_t i = random() % 24; i > 0; --i) {
      text += random() % 4 == 0 ? std::string(1, static_cast<char>(random()))
                                : parts[random() % parts.size()];
    }
    const std::vector<int32_t> ids = tokenizer->Encode(text);
    ASSERT_EQ(tokenizer->Decode(ids), text) << ::testing::PrintToString(text);
  }
}

TEST(ByteLevelTokenizer, MissingBytesAreDroppedAsByTheReference) {
  SmallVocabulary vocabulary;
  vocabulary.tokens[SmallVocabulary::Byte(0xFF)] = "other";
  const auto tokenizer = Open(vocabulary.Writer()).value();
  EXPECT_THAT(tokenizer->Encode("a\xFF"), ElementsAre(SmallVocabulary::Byte('a')));
  EXPECT_THAT(tokenizer->Encode("\xFF"), ElementsAre());
}

// Issue 21, case15b: a model with more rows than tokens can choose such an id.
TEST(ByteLevelTokenizer, IdsWithoutATokenDecodeToNothing) {
  const auto tokenizer = Open(SmallVocabulary().Writer()).value();
  const int32_t size = tokenizer->vocabulary_size();
  EXPECT_EQ(tokenizer->Decode({SmallVocabulary::Byte('a'), size, SmallVocabulary::Byte('b'), -1}),
            "ab");
  EXPECT_EQ(tokenizer->Decode({size + 135}), "");
}

TEST(ByteLevelTokenizer, NamedTokens) {
  GgufWriter writer = SmallVocabulary().Writer();
  writer.Uint32("tokenizer.ggml.eos_token_id", 1).Bool("tokenizer.ggml.add_eos_token", true);
  const auto tokenizer = Open(writer).value();
  EXPECT_EQ(tokenizer->begin_token(), -1);
  EXPECT_EQ(tokenizer->end_token(), 1);
  EXPECT_TRUE(tokenizer->appends_end_token());
  EXPECT_EQ(tokenizer->IdOf("abc"), SmallVocabulary::kAbc);
  EXPECT_EQ(tokenizer->IdOf("<s>>"), 1);
  EXPECT_EQ(tokenizer->IdOf("abcd"), std::nullopt);
}

TEST(ByteLevelTokenizer, LongTextsWithoutSpacesTakeLinearTime) {
  // With quadratic merging each of these would take hours.
  const size_t size = size_t{1} << 20;
  std::string letters;
  std::mt19937 random(5);
  for (size_t i = 0; i < size; ++i) letters.push_back(static_cast<char>('a' + random() % 26));
  std::string wide_spaces;
  for (size_t i = 0; i < size / 3; ++i) wide_spaces += "\u3000";
  const std::string texts[] = {std::string(size, 'a'),
                               std::string(size, ' ') + "x",
                               letters,
                               std::string(size, '!'),
                               wide_spaces + "x",
                               std::string(size, '\n'),
                               std::string(size, '<')};
  for (const std::string& text : texts) {
    EXPECT_EQ(DefaultTokenizer().Decode(DefaultTokenizer().Encode(text)), text);
  }
}

TEST(ByteLevelTokenizer, ErrorsNameWhatIsWrong) {
  EXPECT_THAT(ErrorOf(SmallVocabulary().Writer("moonlight")),
              HasSubstr("pre-tokenizer \"moonlight\" is not supported; supported are gpt-2 "));
  EXPECT_TRUE(absl::IsUnimplemented(Open(SmallVocabulary().Writer("moonlight")).status()));
  SmallVocabulary bad_merge;
  bad_merge.merges.push_back("a z");
  EXPECT_THAT(ErrorOf(bad_merge.Writer()), HasSubstr("entry 3 is \"a z\""));
  for (const char* merge : {"", "a", "ab", " a"}) {
    SmallVocabulary odd_merge;
    odd_merge.merges.push_back(merge);
    EXPECT_THAT(ErrorOf(odd_merge.Writer()), HasSubstr("tokenizer.ggml.merges: entry 3")) << merge;
  }
  SmallVocabulary short_types;
  short_types.types.pop_back();
  EXPECT_THAT(ErrorOf(short_types.Writer()), HasSubstr("expected 261 integers"));
  SmallVocabulary odd_type;
  odd_type.types[3] = 9;
  EXPECT_THAT(ErrorOf(odd_type.Writer()), HasSubstr("token 3: expected a type from 1 to 6"));
  GgufWriter outside = SmallVocabulary().Writer();
  outside.Uint32("tokenizer.ggml.bos_token_id", 261);
  EXPECT_THAT(ErrorOf(outside), HasSubstr("expected an id from 0 to 260, found 261"));
  GgufWriter no_begin = SmallVocabulary().Writer();
  no_begin.Bool("tokenizer.ggml.add_bos_token", true);
  EXPECT_THAT(ErrorOf(no_begin), HasSubstr("bos_token_id is absent"));
  EXPECT_THAT(ErrorOf(GgufWriter().Text("tokenizer.ggml.model", "gpt2")),
              HasSubstr("tokenizer.ggml.tokens"));
}

TEST(Tokenizer, UnknownKindIsNamedWithTheKnownOnes) {
  const GgufWriter writer = GgufWriter().Text("tokenizer.ggml.model", "bert");
  EXPECT_TRUE(absl::IsUnimplemented(Open(writer).status()));
  EXPECT_THAT(ErrorOf(writer),
              HasSubstr("tokenizer \"bert\" is not supported; supported are gpt2"));
  EXPECT_THAT(ErrorOf(GgufWriter()), HasSubstr("no metadata \"tokenizer.ggml.model\""));
  EXPECT_TRUE(absl::IsNotFound(OpenTokenizer(std::string("/no/such/model")).status()));
}

TEST(ByteLevelTokenizer, Gpt2Vectors) {
  const std::string vocabulary = DevelopmentData("tokenizers/ggml-vocab-gpt-2.gguf");
  if (!std::filesystem::exists(vocabulary)) {
    GTEST_SKIP() << vocabulary << " is absent: it is optional data for development";
  }
  const auto tokenizer = OpenTokenizer(vocabulary).value();
  const std::vector<TokenizerVector> vectors = ReadTokenizerVectors(vocabulary);
  ASSERT_GT(vectors.size(), 40u);
  for (const TokenizerVector& vector : vectors) {
    EXPECT_EQ(tokenizer->Encode(vector.text), vector.ids) << vector.text;
    EXPECT_EQ(tokenizer->Decode(vector.ids), vector.text);
  }
}

}  // namespace
}  // namespace strata::evaluator

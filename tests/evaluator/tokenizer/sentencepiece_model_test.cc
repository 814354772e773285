#include "evaluator/tokenizer/sentencepiece_model.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "evaluator/tokenizer/tokenizer.h"
#include "tests/evaluator/support/gguf_writer.h"
#include "tests/evaluator/tokenizer/tokenizer_vectors.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::string NumberField(uint64_t field, uint64_t value) {
  return Varint(field << 3) + Varint(value);
}

std::string BytesField(uint64_t field, const std::string& bytes) {
  return Varint(field << 3 | 2) + Varint(bytes.size()) + bytes;
}

std::string Piece(const std::string& text, float score, uint64_t type = 1) {
  std::string bits(4, '\0');
  std::memcpy(bits.data(), &score, 4);
  return BytesField(1, BytesField(1, text) + Varint(2 << 3 | 5) + bits + NumberField(3, type));
}

// <unk>, <s>, </s>, U+2581, a, b, "ab", "U+2581 a" and a user-defined "b b".
struct SmallModel {
  std::string pieces = Piece("<unk>", 0, 2) + Piece("<s>", 0, 3) + Piece("</s>", 0, 3) +
                       Piece("\u2581", -1) + Piece("a", -2) + Piece("b", -3) + Piece("ab", -4) +
                       Piece("\u2581a", -5) + Piece("b\u2581b", 0, 4);
  std::string trainer = NumberField(3, 2);
  std::string normalizer = NumberField(4, 0);

  std::string Bytes() const { return pieces + BytesField(2, trainer) + BytesField(3, normalizer); }
};

absl::StatusOr<TokenizerDescription> Read(const SmallModel& model, bool legacy = false) {
  return ReadSentencePieceModel(model.Bytes(), "m", legacy);
}

std::vector<int32_t> Encode(const SmallModel& model, const std::string& text, bool legacy = false) {
  return MakeTokenizer(Read(model, legacy).value()).value()->Encode(text);
}

std::string ErrorOf(const SmallModel& model) { return std::string(Read(model).status().message()); }

TEST(SentencePieceModel, BytePairs) {
  const TokenizerDescription description = Read(SmallModel()).value();
  EXPECT_EQ(description.scheme, TokenizerScheme::kScoredMerges);
  EXPECT_EQ(description.size(), 9);
  EXPECT_EQ(description.unknown, 0);
  EXPECT_EQ(description.begin, 1);
  EXPECT_EQ(description.end, 2);
  EXPECT_TRUE(description.adds_begin);
  EXPECT_FALSE(description.adds_end);
  EXPECT_THAT(Encode(SmallModel(), "ab a"), ElementsAre(3, 6, 7));
  EXPECT_THAT(Encode(SmallModel(), "xya"), ElementsAre(3, 0, 4));
  EXPECT_EQ(MakeTokenizer(description).value()->Decode({7, 3, 5}), "a b");
}

TEST(SentencePieceModel, SpecialPiecesCutTheText) {
  EXPECT_THAT(Encode(SmallModel(), "a<s>a"), ElementsAre(7, 1, 4));
  EXPECT_THAT(Encode(SmallModel(), "a<s>a", /*legacy=*/true), ElementsAre(7, 1, 7));
  EXPECT_THAT(Encode(SmallModel(), "ab ba"), ElementsAre(7, 8, 4));
}

TEST(SentencePieceModel, Unigram) {
  SmallModel model;
  model.trainer = NumberField(3, 1) + NumberField(41, ~uint64_t{0});
  EXPECT_EQ(Read(model)->scheme, TokenizerScheme::kUnigram);
  EXPECT_EQ(Read(model)->begin, std::nullopt);
  EXPECT_FALSE(Read(model)->adds_begin);
  EXPECT_THAT(Encode(model, "ab"), ElementsAre(3, 6));
  model.trainer = "";
  EXPECT_EQ(Read(model)->scheme, TokenizerScheme::kUnigram);
}

TEST(SentencePieceModel, Spaces) {
  SmallModel model;
  model.normalizer = "";  // extra spaces are taken away unless it says otherwise
  EXPECT_THAT(Encode(model, "  a   a "), ElementsAre(7, 7));
  model.normalizer = NumberField(3, 0) + NumberField(4, 0);
  EXPECT_THAT(Encode(model, "a a"), ElementsAre(4, 7));
}

TEST(SentencePieceModel, ByteFallback) {
  SmallModel model;
  for (int byte = 0; byte < 256; ++byte)
    model.pieces += Piece(fmt::format("<0x{:02X}>", byte), 0, 6);
  EXPECT_THAT(Encode(model, "x"), ElementsAre(3, 0));
  model.trainer += NumberField(35, 1);
  EXPECT_THAT(Encode(model, "\u00e9\xFF"), ElementsAre(3, 9 + 0xC3, 9 + 0xA9, 9 + 0xFF));
}

TEST(SentencePieceModel, UnknownFieldsAreSkipped) {
  SmallModel model;
  model.pieces += BytesField(4, "x") + NumberField(77, 1);
  model.trainer += BytesField(1, "input") + NumberField(99, 5);
  EXPECT_TRUE(Read(model).ok());
}

TEST(SentencePieceModel, WhatIsNotSupportedIsNamed) {
  const auto with = [](const std::string& trainer, const std::string& normalizer) {
    SmallModel model;
    model.trainer = trainer;
    model.normalizer = normalizer;
    EXPECT_TRUE(absl::IsUnimplemented(Read(model).status()));
    return ErrorOf(model);
  };
  EXPECT_THAT(with(NumberField(3, 3), ""), HasSubstr("m: trainer_spec.model_type 3"));
  EXPECT_THAT(with(NumberField(24, 1), ""), HasSubstr("treat_whitespace_as_suffix"));
  EXPECT_THAT(with("", NumberField(5, 0)), HasSubstr("escape_whitespaces"));
}

TEST(SentencePieceModel, CharacterMapsComeFirst) {
  SmallModel model;
  model.normalizer = BytesField(2, "map") + NumberField(4, 0);
  const TokenizerDescription description = Read(model).value();
  const auto& step = std::get<CharacterMapStep>(description.normalizer.front());
  EXPECT_EQ(step.compiled, "map");
  EXPECT_EQ(step.unit, CharacterMapUnit::kPrefix);
  EXPECT_THAT(std::string(MakeTokenizer(description).status().message()),
              HasSubstr("m: precompiled_charsmap: expected a trie"));
}

TEST(SentencePieceModel, DamageIsNamed) {
  EXPECT_THAT(ErrorOf({.pieces = "", .trainer = "", .normalizer = ""}),
              HasSubstr("found no pieces"));
  EXPECT_THAT(ErrorOf({.pieces = Piece("a", std::nanf(""))}), HasSubstr("piece 0: expected UTF-8"));
  EXPECT_THAT(ErrorOf({.pieces = Piece("a", 0, 7)}), HasSubstr("piece 0: expected UTF-8"));
  EXPECT_THAT(ErrorOf({.pieces = Piece("\xFF", 0)}), HasSubstr("found \"no UTF-8\""));
  EXPECT_THAT(ErrorOf({.pieces = NumberField(1, 5)}), HasSubstr("model: field 1 has wire type 0"));
  EXPECT_THAT(ErrorOf({.pieces = BytesField(1, NumberField(1, 5))}),
              HasSubstr("piece 0: field 1 has wire type 0"));
  EXPECT_THAT(ErrorOf({.pieces = "128000 text"}), HasSubstr("m: expected a SentencePiece model"));
}

TEST(SentencePieceModel, TruncatedFilesAreErrorsOrShorterVocabularies) {
  const std::string whole = SmallModel().Bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto description = ReadSentencePieceModel(whole.substr(0, size), "m", false);
    if (!description.ok()) continue;
    EXPECT_LE(description->size(), 9);
  }
}

// The same vocabulary in both of its formats.
TEST(SentencePieceModel, LlamaVocabularyIsThatOfGguf) {
  const std::string model = DevelopmentData("tokenizers/llama2-tokenizer.model");
  const std::string gguf = DevelopmentData("tokenizers/ggml-vocab-llama-spm.gguf");
  if (!std::filesystem::exists(model) || !std::filesystem::exists(gguf)) {
    GTEST_SKIP() << model << " or " << gguf << " is absent: they are optional data for development";
  }
  std::stringstream bytes;
  bytes << std::ifstream(model, std::ios::binary).rdbuf();
  const auto legacy =
      MakeTokenizer(ReadSentencePieceModel(bytes.view(), model, true).value()).value();
  const auto current =
      MakeTokenizer(ReadSentencePieceModel(bytes.view(), model, false).value()).value();
  const auto reference = OpenTokenizer(gguf).value();
  EXPECT_EQ(legacy->vocabulary_size(), 32000);
  EXPECT_EQ(legacy->begin_token(), 1);
  EXPECT_EQ(legacy->end_token(), 2);
  for (const TokenizerVector& vector : ReadTokenizerVectors(gguf)) {
    EXPECT_EQ(current->Encode(vector.text), vector.ids) << vector.text;
    EXPECT_EQ(current->Decode(vector.ids), vector.text);
  }
  std::mt19937 random(7);
  const std::vector<std::string> parts = {"Hello",  " the",   "  ",   "\n",     "<s>",
                                          "</s>",   "\u4e2d", "\xFF", "\u00e9", "12",
                                          "\u2581", "<0x41>", "ing",  "_",      "\U0001F600"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint32_t i = random() % 20; i > 0; --i) text += parts[random() % parts.size()];
    ASSERT_EQ(legacy->Encode(text), reference->Encode(text)) << text;
  }
}

}  // namespace
}  // namespace strata::evaluator

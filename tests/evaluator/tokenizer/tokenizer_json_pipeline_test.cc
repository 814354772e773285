#include "evaluator/tokenizer/tokenizer_json_pipeline.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/tokenizer/gguf_pre_tokenizers.h"

namespace strata::evaluator {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Reader = absl::Status (*)(const JsonField&, TokenizerDescription&);

// `text` is the component that `key` names.
absl::StatusOr<TokenizerDescription> Read(Reader read, const std::string& key,
                                          const std::string& text) {
  const json root = {{key, json::parse(text)}};
  TokenizerDescription description;
  if (absl::Status status = read(JsonField(root, "f"), description); !status.ok()) return status;
  return description;
}

std::string ErrorOf(Reader read, const std::string& key, const std::string& text) {
  return std::string(Read(read, key, text).status().message());
}

TEST(TokenizerJsonPipeline, NothingWithoutComponents) {
  EXPECT_TRUE(Read(ReadNormalizers, "normalizer", "null").ok());
  EXPECT_TRUE(Read(ReadPreTokenizers, "pre_tokenizer", "null").ok());
  EXPECT_TRUE(Read(ReadDecoders, "decoder", "null").ok());
  EXPECT_TRUE(Read(ReadPostProcessors, "post_processor", "null").ok());
}

TEST(TokenizerJsonPipeline, Normalizers) {
  const auto description =
      Read(ReadNormalizers, "normalizer", R"({"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "_"},
      {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "NFKD"}]},
      {"type": "Replace", "pattern": {"Regex": " +"}, "content": "-"},
      {"type": "Strip", "strip_left": false, "strip_right": true}]})");
  ASSERT_TRUE(description.ok()) << description.status();
  const std::vector<NormalizerStep>& steps = description->normalizer;
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_EQ(std::get<PrependStep>(steps[0]).content, "_");
  EXPECT_EQ(std::get<UnicodeForm>(steps[1]), UnicodeForm::kNfc);
  EXPECT_EQ(std::get<UnicodeForm>(steps[2]), UnicodeForm::kNfkd);
  EXPECT_TRUE(std::get<ReplaceStep>(steps[3]).pattern.is_expression);
  EXPECT_FALSE(std::get<StripSpacesStep>(steps[4]).left);
}

TEST(TokenizerJsonPipeline, BertNormalizer) {
  const auto all = Read(ReadNormalizers, "normalizer", R"({"type": "BertNormalizer"})");
  ASSERT_EQ(all->normalizer.size(), 5u);
  EXPECT_TRUE(std::holds_alternative<CleanTextStep>(all->normalizer[0]));
  EXPECT_TRUE(std::holds_alternative<SpaceChineseStep>(all->normalizer[1]));
  EXPECT_TRUE(std::get<StripMarksStep>(all->normalizer[3]).only_nonspacing);
  EXPECT_TRUE(std::holds_alternative<LowercaseStep>(all->normalizer[4]));
  const auto cased = Read(ReadNormalizers, "normalizer", R"({"type": "BertNormalizer",
      "clean_text": false, "strip_accents": null, "lowercase": false})");
  ASSERT_EQ(cased->normalizer.size(), 1u);
}

TEST(TokenizerJsonPipeline, CharacterMaps) {
  const auto map = Read(ReadNormalizers, "normalizer",
                        R"({"type": "Precompiled", "precompiled_charsmap": "QUI="})");
  EXPECT_EQ(std::get<CharacterMapStep>(map->normalizer[0]).compiled, "AB");
  EXPECT_THAT(ErrorOf(ReadNormalizers, "normalizer",
                      R"({"type": "Precompiled", "precompiled_charsmap": "Q"})"),
              HasSubstr("precompiled_charsmap: expected base64"));
}

TEST(TokenizerJsonPipeline, BeginAndEndOfBertAndRoberta) {
  for (const char* type : {"BertProcessing", "RobertaProcessing"}) {
    const auto description =
        Read(ReadPostProcessors, "post_processor",
             fmt::format(R"({{"type": "{}", "cls": ["[CLS]", 7], "sep": ["[SEP]", 8]}})", type));
    EXPECT_EQ(description->begin, 7);
    EXPECT_EQ(description->end, 8);
    EXPECT_TRUE(description->adds_begin && description->adds_end);
  }
  EXPECT_THAT(ErrorOf(ReadPostProcessors, "post_processor",
                      R"({"type": "BertProcessing", "cls": ["[CLS]"], "sep": ["[SEP]", 8]})"),
              HasSubstr("cls: expected a token and its id"));
}

TEST(TokenizerJsonPipeline, ByteLevel) {
  const auto with_defaults =
      Read(ReadPreTokenizers, "pre_tokenizer", R"({"type": "ByteLevel"})").value();
  EXPECT_TRUE(with_defaults.byte_level);
  ASSERT_EQ(with_defaults.pre_tokenizer.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<PrefixSpaceStep>(with_defaults.pre_tokenizer[0]));
  EXPECT_EQ(std::get<SplitStep>(with_defaults.pre_tokenizer[1]).pattern.text, kGpt2Expression);
  const auto without =
      Read(ReadPreTokenizers, "pre_tokenizer",
           R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})");
  EXPECT_TRUE(without->byte_level);
  EXPECT_TRUE(without->pre_tokenizer.empty());
  EXPECT_THAT(
      ErrorOf(
          ReadPreTokenizers, "pre_tokenizer",
          R"({"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "Digits"}]})"),
      HasSubstr("pre-tokenizer \"Digits\" after ByteLevel"));
}

TEST(TokenizerJsonPipeline, PreTokenizers) {
  const auto description =
      Read(ReadPreTokenizers, "pre_tokenizer", R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithNext", "invert": true},
      {"type": "Digits", "individual_digits": true},
      {"type": "Digits"},
      {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": false},
      {"type": "Metaspace", "replacement": "_", "add_prefix_space": false}]})");
  ASSERT_TRUE(description.ok()) << description.status();
  const std::vector<PreTokenizerStep>& steps = description->pre_tokenizer;
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_EQ(std::get<SplitStep>(steps[0]).behavior, SplitBehavior::kMergedWithNext);
  EXPECT_TRUE(std::get<SplitStep>(steps[0]).inverted);
  EXPECT_EQ(std::get<SplitStep>(steps[1]).behavior, SplitBehavior::kIsolated);
  EXPECT_EQ(std::get<SplitStep>(steps[2]).behavior, SplitBehavior::kContiguous);
  EXPECT_EQ(std::get<MetaspaceStep>(steps[3]).scheme, PrependScheme::kFirst);
  EXPECT_FALSE(std::get<MetaspaceStep>(steps[3]).splits);
  EXPECT_EQ(std::get<MetaspaceStep>(steps[4]).scheme, PrependScheme::kNever);
}

TEST(TokenizerJsonPipeline, Decoders) {
  const auto description = Read(ReadDecoders, "decoder", R"({"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
      {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0},
      {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": true}, {"type": "ByteLevel"}]})");
  ASSERT_TRUE(description.ok()) << description.status();
  ASSERT_EQ(description->decoder.size(), 6u);
  EXPECT_EQ(std::get<StripDecoderStep>(description->decoder[3]).left, 1);
  EXPECT_TRUE(std::get<MetaspaceDecoderStep>(description->decoder[4]).drops_in_first);
}

constexpr const char* kTemplate = R"({"type": "TemplateProcessing",
  "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
             {"SpecialToken": {"id": "</s>", "type_id": 0}}],
  "special_tokens": {"<s>": {"id": "<s>", "ids": [1]}, "</s>": {"id": "</s>", "ids": [2]}}})";

TEST(TokenizerJsonPipeline, Templates) {
  const auto description =
      Read(ReadPostProcessors, "post_processor",
           fmt::format(R"({{"type": "Sequence", "processors": [{{"type": "ByteLevel"}}, {}]}})",
                       kTemplate));
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_TRUE(description->adds_begin && description->adds_end);
  EXPECT_EQ(description->begin, 1);
  EXPECT_EQ(description->end, 2);
  json twice = json::parse(kTemplate);
  twice["single"].push_back(twice["single"][2]);
  EXPECT_THAT(ErrorOf(ReadPostProcessors, "post_processor", twice.dump()),
              HasSubstr("several tokens before or after the text is not supported"));
  json unknown = json::parse(kTemplate);
  unknown["special_tokens"].erase("<s>");
  EXPECT_THAT(ErrorOf(ReadPostProcessors, "post_processor", unknown.dump()),
              HasSubstr("post_processor.special_tokens: expected a field \"<s>\""));
}

TEST(TokenizerJsonPipeline, DamageIsNamed) {
  const auto error = [](const std::string& text) {
    return ErrorOf(ReadPreTokenizers, "pre_tokenizer", text);
  };
  EXPECT_EQ(error("7"), "f: pre_tokenizer: expected an object, found 7");
  EXPECT_THAT(error("{}"), HasSubstr("expected a field \"type\""));
  EXPECT_THAT(error(R"({"type": 3})"), HasSubstr("pre_tokenizer.type: expected a string, found 3"));
  EXPECT_THAT(error(R"({"type": "Sequence"})"), HasSubstr("\"pretokenizers\""));
  EXPECT_THAT(error(R"({"type": "Split", "pattern": {}, "behavior": "Isolated"})"),
              HasSubstr("pre_tokenizer.pattern: expected an object with either"));
  EXPECT_THAT(error(R"({"type": "Split", "pattern": {"String": "x"}, "behavior": "Cut"})"),
              HasSubstr("pre_tokenizer.behavior: expected Removed"));
  EXPECT_THAT(error(R"({"type": "Metaspace", "replacement": "ab"})"), HasSubstr("one character"));
  EXPECT_THAT(error(R"({"type": "Metaspace", "replacement": "_", "add_prefix_space": false,
                        "prepend_scheme": "first"})"),
              HasSubstr("never, as add_prefix_space is false"));
  EXPECT_THAT(ErrorOf(ReadDecoders, "decoder",
                      R"({"type": "Strip", "content": " ", "start": -1, "stop": 0})"),
              HasSubstr("decoder.start: expected a number that is not negative"));
  std::string deep = R"({"type": "NFC"})";
  for (int i = 0; i < 2000; ++i) deep = R"({"type": "Sequence", "normalizers": [)" + deep + "]}";
  EXPECT_TRUE(Read(ReadNormalizers, "normalizer", deep).ok());
}

}  // namespace
}  // namespace strata::evaluator

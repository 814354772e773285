#include "evaluator/tokenizer/gguf_pre_tokenizers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace strata::evaluator {

const char* const kGpt2Expression =
    R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

constexpr const char* kDigit = R"(\p{N})";
constexpr const char* kDigits = R"(\p{N}+)";
constexpr const char* kUpToThreeDigits = R"(\p{N}{1,3})";
constexpr const char* kThreeDigits = "[0-9][0-9][0-9]";
constexpr const char* kLineEnd = R"([\r\n])";
constexpr const char* kChineseOrKorean = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";

// GPT-2's expression without its last branch. The pieces are the same, because text that no branch
// matches is a piece too. A file may use this form together with other expressions.
constexpr const char* kGpt2WithoutSpaces =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))";

// A word may begin with any one character that is not a letter, digit or line end. Line ends end a
// piece.
constexpr const char* kLlama3 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+)"
                                R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+)"
                               R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen35 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+)"
                                R"(|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// A word ends between a lower-case and an upper-case letter.
constexpr const char* kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kBloom =
    R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{ff0c}\x{3001}\x{964}\x{6d4}\x{60c})]+)";

// Letters of scripts that have upper and lower case.
constexpr const char* kDeepSeekWords =
    R"(\s?[)"
    R"(\x{41}-\x{5a}\x{61}-\x{7a}\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba})"
    R"(\x{1bc}-\x{1bf}\x{1c4}-\x{293}\x{295}-\x{2af}\x{370}-\x{373}\x{376}\x{377})"
    R"(\x{37b}-\x{37d}\x{37f}\x{386}\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5})"
    R"(\x{3f7}-\x{481}\x{48a}-\x{52f}\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5})"
    R"(\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77})"
    R"(\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d})"
    R"(\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4})"
    R"(\x{1fb6}-\x{1fbc}\x{1fbe}\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3})"
    R"(\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4}\x{1ff6}-\x{1ffc}\x{2102}\x{2107})"
    R"(\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124}\x{2126}\x{2128}\x{212a}-\x{212d})"
    R"(\x{212f}-\x{2134}\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184})"
    R"(\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d})"
    R"(\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-\x{a78e}\x{ab70}-\x{abbf})"
    R"(\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a})"
    R"(\x{10400}-\x{1044f}\x{104b0}-\x{104d3}\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2})"
    R"(\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df}\x{1e900}-\x{1e943})"
    R"(]+)";
constexpr const char* kDeepSeekPunctuation =
    R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)";
constexpr const char* kDeepSeek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct Row {
  std::vector<const char*> names;        // the first is the one that is written to files
  std::vector<const char*> expressions;  // applied one after the other; matches are pieces
  bool ignores_merges = false;
  bool begins_by_default = false;
};

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {{"gpt-2", "phi-2", "mpt", "olmo", "jais", "roberta-bpe", "gigachat"}, {kGpt2Expression}},
      // Follows the reference (transformers, tokenizers): SmolLM's vocabulary has no token of
      // several digits, so GPT-2's expression gives single digits too. llama.cpp cuts digits before
      // spaces, which differs if blank lines or several spaces precede a digit.
      {{"smollm"}, {kGpt2Expression}},
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "lfm2"}, {kLlama3}, true, true},
      {{"dbrx", "smaug-bpe", "chatglm-bpe", "glm4"}, {kLlama3}},
      {{"qwen2", "stablelm2", "deepseek-r1-qwen", "megrez", "hunyuan"}, {kQwen2}},
      {{"qwen35"}, {kQwen35}},
      {{"tekken"}, {kTekken}, true, true},
      {{"gpt-4o", "llama4"}, {kGpt4o}},
      {{"starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"},
       {kDigit, kGpt2Expression}},
      {{"deepseek-llm"},
       {kLineEnd, kDeepSeekWords, kDeepSeekPunctuation, R"(\s+$)", kChineseOrKorean, kDigits}},
      {{"deepseek-coder"}, {kLineEnd, R"(\s?\p{L}+)", R"(\s?\p{P}+)", kChineseOrKorean, kDigit}},
      {{"deepseek-v3", "hunyuan-dense"},
       {kUpToThreeDigits, R"([\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+)", kDeepSeek3}},
      {{"falcon"}, {R"([\p{P}\$\+<=>\^~\|`]+)", kGpt2WithoutSpaces, kThreeDigits}},
      {{"bloom", "poro-chat", "gpt3-finnish"}, {kBloom}},
      {{"viking"}, {kBloom, kDigit}},
      {{"superbpe"}, {kDigits, R"((?=(\d{3})+(?!\d)))"}},
      {{"default"}, {R"([\p{P}\$\+<=>\^~\|]+)", kGpt2WithoutSpaces, kDigits, kThreeDigits}},
  };
  return rows;
}

std::vector<PreTokenizerStep> StepsOf(const Row& row) {
  std::vector<PreTokenizerStep> steps;
  for (const char* expression : row.expressions) {
    steps.push_back(SplitStep{.pattern = {.text = expression, .is_expression = true}});
  }
  return steps;
}

std::string Expression(const PreTokenizerStep& step) {
  const auto* split = std::get_if<SplitStep>(&step);
  if (split == nullptr || !split->pattern.is_expression || split->inverted ||
      split->behavior != SplitBehavior::kIsolated) {
    return "";
  }
  return split->pattern.text;
}

}  // namespace

absl::StatusOr<GgufPreTokenizer> FindGgufPreTokenizer(const std::string& name) {
  for (const Row& row : Rows()) {
    if (std::find(row.names.begin(), row.names.end(), name) == row.names.end()) continue;
    return GgufPreTokenizer{.steps = StepsOf(row),
                            .ignores_merges = row.ignores_merges,
                            .begins_by_default = row.begins_by_default};
  }
  return absl::UnimplementedError(fmt::format(
      "pre-tokenizer \"{}\" is not supported; supported are {}", name, GgufPreTokenizerNames()));
}

std::optional<std::string> GgufNameOf(const std::vector<PreTokenizerStep>& steps) {
  std::vector<std::string> expressions;
  for (const PreTokenizerStep& step : steps) expressions.push_back(Expression(step));
  for (const Row& row : Rows()) {
    if (std::equal(expressions.begin(), expressions.end(), row.expressions.begin(),
                   row.expressions.end())) {
      return row.names.front();
    }
  }
  return std::nullopt;
}

std::string GgufPreTokenizerNames() {
  std::string names;
  for (const Row& row : Rows()) {
    for (const char* name : row.names) {
      if (!names.empty()) names.push_back(' ');
      names += name;
    }
  }
  return names;
}

}  // namespace strata::evaluator

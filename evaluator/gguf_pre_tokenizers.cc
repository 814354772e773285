#include "evaluator/gguf_pre_tokenizers.h"

#include <fmt/format.h>

namespace strata::evaluator {

const char* const kGpt2Expression =
    R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

// Words may begin with any one character that is no letter, digit or line end; lines end pieces.
constexpr const char* kLlama3Expression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2Expression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

SplitStep Isolated(const char* expression) {
  return {.pattern = {.text = expression, .is_expression = true}};
}

std::vector<GgufPreTokenizer> Kinds() {
  return {
      {"gpt-2", {Isolated(kGpt2Expression)}, false, false},
      // As the reference reads this name (transformers, tokenizers): SmolLM's vocabulary has no
      // token of several digits, so GPT-2's expression gives single digits too. llama.cpp cuts
      // digits before spaces, which differs where blank lines or several spaces precede a digit.
      {"smollm", {Isolated(kGpt2Expression)}, false, false},
      {"llama-bpe", {Isolated(kLlama3Expression)}, true, true},
      {"qwen2", {Isolated(kQwen2Expression)}, false, false},
  };
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
  for (GgufPreTokenizer& kind : Kinds()) {
    if (name == kind.name) return std::move(kind);
  }
  return absl::UnimplementedError(fmt::format(
      "pre-tokenizer \"{}\" is not supported; supported are {}", name, GgufPreTokenizerNames()));
}

std::optional<std::string> GgufNameOf(const std::vector<PreTokenizerStep>& steps) {
  if (steps.size() == 2 && Expression(steps[0]) == "\\p{N}" &&
      Expression(steps[1]) == kGpt2Expression) {
    return "smollm";
  }
  for (const GgufPreTokenizer& kind : Kinds()) {
    if (steps.size() == 1 && Expression(steps[0]) == Expression(kind.steps[0])) return kind.name;
  }
  return std::nullopt;
}

std::string GgufPreTokenizerNames() {
  std::string names;
  for (const GgufPreTokenizer& kind : Kinds()) {
    if (!names.empty()) names.push_back(' ');
    names += kind.name;
  }
  return names;
}

}  // namespace strata::evaluator

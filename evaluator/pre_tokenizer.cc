#include "evaluator/pre_tokenizer.h"

#include <fmt/format.h>

#include <utility>

#include "evaluator/utf8.h"

namespace strata::evaluator {
namespace {

// Unicode's White_Space, for inside a character class: PCRE2's own \s also holds U+180E.
#define STRATA_SPACE                                               \
  "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}" \
  "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define STRATA_SPACES "[" STRATA_SPACE "]+"
// Spaces but for the last, if something else follows: the last belongs to the next piece.
#define STRATA_INNER_SPACES STRATA_SPACES "(?![^" STRATA_SPACE "])"

// Radford et al. 2019: contractions, then words, numbers and other runs, each with one leading
// space.
constexpr const char* kGpt2 = "'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+| ?\\p{N}+| ?[^" STRATA_SPACE
                              "\\p{L}\\p{N}]+|" STRATA_INNER_SPACES "|" STRATA_SPACES;

// Words may begin with any one character that is no letter, digit or line end; lines end pieces.
#define STRATA_LINE_AWARE(DIGITS)                                                         \
  "(?i:'(?:s|t|re|ve|m|ll|d))|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" DIGITS "| ?[^" STRATA_SPACE \
  "\\p{L}\\p{N}]+[\\r\\n]*|[" STRATA_SPACE "]*[\\r\\n]+|" STRATA_INNER_SPACES "|" STRATA_SPACES

constexpr const char* kLlama3 = STRATA_LINE_AWARE("\\p{N}{1,3}");
constexpr const char* kQwen2 = STRATA_LINE_AWARE("\\p{N}");

struct Kind {
  const char* name;
  const char* expression;
  bool ignores_merges;
  bool begins_by_default;
};

constexpr Kind kKinds[] = {
    {"gpt-2", kGpt2, false, false},
    // As the reference reads this file (transformers, tokenizers): SmolLM's vocabulary has no token
    // of several digits, so GPT-2's expression gives single digits too. llama.cpp cuts digits
    // before spaces, which differs where blank lines or several spaces precede a digit.
    {"smollm", kGpt2, false, false},
    {"llama-bpe", kLlama3, true, true},
    {"qwen2", kQwen2, false, false},
};

}  // namespace

absl::StatusOr<PreTokenizer> PreTokenizer::Create(const std::string& name) {
  std::string known;
  for (const Kind& kind : kKinds) {
    known += fmt::format(" {}", kind.name);
    if (name != kind.name) continue;
    absl::StatusOr<Pattern> pattern =
        Pattern::Compile(kind.expression, Pattern::Subject::kWellFormedUtf8);
    if (!pattern.ok()) return pattern.status();
    return PreTokenizer(*std::move(pattern), kind.ignores_merges, kind.begins_by_default);
  }
  return absl::UnimplementedError(
      fmt::format("pre-tokenizer \"{}\" is not supported; supported are{}", name, known));
}

std::vector<std::string_view> PreTokenizer::Split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const std::string_view stretch = text.substr(0, WellFormedBytes(text));
    Pattern::Matcher matcher(pattern_, stretch);
    size_t position = 0;
    while (position < stretch.size()) {
      // Every expression matches at every character, so no match begins later than asked.
      const Pattern::Match match = matcher.Next(position).value();
      pieces.push_back(stretch.substr(position, match.end - position));
      position = match.end;
    }
    text.remove_prefix(stretch.size());
    while (!text.empty() && CharacterBytes(text) == 0) {
      pieces.push_back(text.substr(0, 1));
      text.remove_prefix(1);
    }
  }
  return pieces;
}

}  // namespace strata::evaluator

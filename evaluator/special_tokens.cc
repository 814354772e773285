#include "evaluator/special_tokens.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace strata::evaluator {
namespace {

// `text` as an expression that matches it alone, byte by byte.
std::string Quoted(const std::string& text) {
  std::string quoted;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte) == 0) quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted;
}

}  // namespace

absl::StatusOr<SpecialTokens> SpecialTokens::Create(const Vocabulary& vocabulary) {
  SpecialTokens special;
  std::vector<std::string> texts;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    const std::string& text = vocabulary.tokens[id];
    if (vocabulary.IsSpecial(id) && !text.empty() && special.ids_.emplace(text, id).second) {
      texts.push_back(text);
    }
  }
  if (texts.empty()) return special;
  // Alternatives are tried in order, so that longer first is longest.
  std::stable_sort(texts.begin(), texts.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  std::string expression;
  for (const std::string& text : texts) {
    if (!expression.empty()) expression.push_back('|');
    expression += Quoted(text);
  }
  absl::StatusOr<Pattern> pattern = Pattern::Compile(expression, Pattern::Subject::kBytes);
  if (!pattern.ok()) return pattern.status();
  special.pattern_ = *std::move(pattern);
  return special;
}

std::vector<Fragment> SpecialTokens::Split(std::string_view text) const {
  std::vector<Fragment> fragments;
  size_t position = 0;
  if (pattern_.has_value()) {
    Pattern::Matcher matcher(*pattern_, text);
    while (const std::optional<Pattern::Match> match = matcher.Next(position)) {
      if (match->begin > position) {
        fragments.push_back({text.substr(position, match->begin - position)});
      }
      const std::string_view found = text.substr(match->begin, match->end - match->begin);
      fragments.push_back({found, ids_.at(std::string(found))});
      position = match->end;
    }
  }
  if (position < text.size()) fragments.push_back({text.substr(position)});
  return fragments;
}

}  // namespace strata::evaluator

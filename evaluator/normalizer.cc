#include "evaluator/normalizer.h"

#include <algorithm>
#include <utility>

#include "evaluator/unicode.h"

namespace strata::evaluator {
namespace {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<signed char>(c) >= 0; });
}

std::string Replaced(std::string_view text, const PatternMatcher& pattern,
                     const std::string& content) {
  std::string output;
  output.reserve(text.size() + text.size() / 2);
  pattern.ForEachPiece(
      text,
      [&](std::string_view piece, bool is_match) {
        if (is_match) {
          output += content;
        } else {
          output += piece;
        }
      },
      [&](std::string_view byte) { output += byte; });
  return output;
}

std::string WithSingleSpaces(std::string_view text) {
  std::string output;
  for (const char c : text) {
    if (c != ' ' || (!output.empty() && output.back() != ' ')) output.push_back(c);
  }
  if (output.ends_with(' ')) output.pop_back();
  return output;
}

std::string_view Stripped(std::string_view text, const StripSpacesStep& step) {
  if (step.left) text.remove_prefix(LeadingSpaceBytes(text));
  if (step.right) text.remove_suffix(TrailingSpaceBytes(text));
  return text;
}

}  // namespace

absl::StatusOr<Normalizer> Normalizer::Create(const std::vector<NormalizerStep>& steps) {
  Normalizer normalizer;
  for (const NormalizerStep& description : steps) {
    Step step{.description = description, .pattern = {}};
    if (const auto* replace = std::get_if<ReplaceStep>(&description)) {
      absl::StatusOr<PatternMatcher> pattern = PatternMatcher::Create(replace->pattern);
      if (!pattern.ok()) return pattern.status();
      step.pattern.push_back(*std::move(pattern));
    }
    normalizer.steps_.push_back(std::move(step));
  }
  return normalizer;
}

std::string_view Normalizer::Apply(std::string_view text, bool begins_text,
                                   std::deque<std::string>& storage) const {
  for (const Step& step : steps_) {
    if (const auto* form = std::get_if<UnicodeForm>(&step.description)) {
      if (IsAscii(text)) continue;
      storage.push_back(InUnicodeForm(text, *form));
    } else if (const auto* replace = std::get_if<ReplaceStep>(&step.description)) {
      storage.push_back(Replaced(text, step.pattern.front(), replace->content));
    } else if (const auto* prepend = std::get_if<PrependStep>(&step.description)) {
      if (text.empty() || (prepend->only_at_start && !begins_text)) continue;
      storage.push_back(prepend->content + std::string(text));
    } else if (std::holds_alternative<CollapseSpacesStep>(step.description)) {
      storage.push_back(WithSingleSpaces(text));
    } else {
      text = Stripped(text, std::get<StripSpacesStep>(step.description));
      continue;
    }
    text = storage.back();
  }
  return text;
}

}  // namespace strata::evaluator

#include "evaluator/tasks/answer_filter.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "evaluator/tasks/python_text.h"
#include "evaluator/text/utf8.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

using evaluator::Pattern;

std::string_view Part(std::string_view text, const Pattern::Match& match) {
  return text.substr(match.begin, match.end - match.begin);
}

// Calls visit(matcher, match) for every match, from left to right without overlap.
template <typename Visit>
void ForEachMatch(const Pattern& pattern, std::string_view text, const Visit& visit) {
  Pattern::Matcher matcher(pattern, text);
  for (size_t from = 0; from <= text.size();) {
    const std::optional<Pattern::Match> match = matcher.Next(from);
    if (!match.has_value()) return;
    visit(matcher, *match);
    from = match->end;
    if (match->end > match->begin) continue;
    from += std::max<size_t>(1, evaluator::CharacterBytes(text.substr(from)));
  }
}

std::string Remove(const Pattern& pattern, const std::string& text) {
  std::string kept;
  size_t done = 0;
  ForEachMatch(pattern, text, [&](const Pattern::Matcher&, const Pattern::Match& match) {
    kept.append(text, done, match.begin - done);
    done = match.end;
  });
  return kept + text.substr(done);
}

// Returns the value of a match: its only group, the first of several groups that is not empty, or
// the whole match if there are no groups. nullopt if all of several groups are empty.
std::optional<std::string> ValueOf(const Pattern::Matcher& matcher, const Pattern::Match& match,
                                   std::string_view text) {
  if (matcher.groups() == 0) return std::string(Part(text, match));
  for (size_t group = 1; group <= matcher.groups(); ++group) {
    const std::optional<Pattern::Match> found = matcher.Group(group);
    if (found.has_value() && found->end > found->begin) return std::string(Part(text, *found));
  }
  if (matcher.groups() == 1) return std::string();
  return std::nullopt;
}

std::string Extract(const Pattern& pattern, const FilterStep& step, const std::string& text) {
  std::vector<std::optional<std::string>> values;
  ForEachMatch(pattern, text, [&](const Pattern::Matcher& matcher, const Pattern::Match& match) {
    values.push_back(ValueOf(matcher, match, text));
  });
  const auto count = static_cast<int64_t>(values.size());
  const int64_t index = step.group_select < 0 ? count + step.group_select : step.group_select;
  if (index < 0 || index >= count) return step.fallback;
  return std::string(Strip(values[index].value_or(step.fallback)));
}

std::string WithoutCharacters(std::string text, std::string_view characters) {
  std::erase_if(text, [&](char c) { return characters.find(c) != std::string_view::npos; });
  return text;
}

}  // namespace

absl::StatusOr<CompiledFilter> CompiledFilter::Create(const AnswerFilter& filter) {
  CompiledFilter compiled;
  compiled.filter_ = filter;
  for (const FilterStep& step : filter.steps) {
    compiled.patterns_.emplace_back();
    if (step.kind != FilterStepKind::kRegex) continue;
    STRATA_ASSIGN_OR_RETURN(Pattern pattern,
                            Pattern::Compile(step.expression, Pattern::Subject::kWellFormedUtf8));
    compiled.patterns_.back() = std::move(pattern);
  }
  return compiled;
}

std::string CompiledFilter::Apply(std::string text) const {
  for (size_t i = 0; i < filter_.steps.size(); ++i) {
    const FilterStep& step = filter_.steps[i];
    switch (step.kind) {
      case FilterStepKind::kRegex:
        text = Extract(*patterns_[i], step, text);
        break;
      case FilterStepKind::kRemoveWhitespace:
        text = std::string(Strip(text));
        break;
      case FilterStepKind::kLowercase:
        text = Lowercase(text);
        break;
      case FilterStepKind::kUppercase:
        text = Uppercase(text);
        break;
      case FilterStepKind::kTakeFirst:  // there is one answer
        break;
    }
  }
  return text;
}

absl::StatusOr<CompiledRules> CompiledRules::Create(const ExactMatchRules& rules) {
  CompiledRules compiled;
  compiled.rules_ = rules;
  for (const std::string& expression : rules.ignored_expressions) {
    STRATA_ASSIGN_OR_RETURN(Pattern pattern,
                            Pattern::Compile(expression, Pattern::Subject::kWellFormedUtf8));
    compiled.ignored_.push_back(std::move(pattern));
  }
  return compiled;
}

std::string CompiledRules::Compared(std::string text) const {
  for (const Pattern& pattern : ignored_) text = Remove(pattern, text);
  if (rules_.ignore_case) text = Lowercase(text);
  if (rules_.ignore_punctuation) {
    text = WithoutCharacters(std::move(text), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
  }
  if (rules_.ignore_numbers) text = WithoutCharacters(std::move(text), "0123456789");
  return text;
}

bool CompiledRules::Matches(const std::string& answer, const std::string& target) const {
  return Compared(answer) == Compared(target);
}

}  // namespace strata::tasks

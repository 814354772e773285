#include "evaluator/tokenizer/normalizer.h"

#include <algorithm>
#include <utility>

#include "evaluator/text/unicode.h"
#include "evaluator/text/utf8.h"
#include "evaluator/tokenizer/character_map.h"
#include "evaluator/tokenizer/text_pattern.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr std::string_view kMarkedSpace = "\u2581";

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
  // SentencePiece's mark for a space is removed at the end, too.
  while (output.ends_with(' ') || output.ends_with(kMarkedSpace)) {
    output.erase(output.size() - (output.ends_with(' ') ? 1 : kMarkedSpace.size()));
  }
  return output;
}

// Calls visit(code, output) for every character of `text` and returns the output. Malformed bytes
// stay.
template <typename Visit>
std::string ByCharacters(std::string_view text, const Visit& visit) {
  std::string output;
  output.reserve(text.size());
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) {
      output.push_back(text.front());
    } else {
      visit(CodePoint(text, bytes), output);
    }
    text.remove_prefix(std::max<size_t>(bytes, 1));
  }
  return output;
}

std::string WithoutMarks(std::string_view text, bool only_nonspacing) {
  return ByCharacters(text, [&](uint32_t code, std::string& output) {
    if (!(only_nonspacing ? IsNonspacingMark(code) : IsMark(code))) AppendCharacter(code, output);
  });
}

std::string Cleaned(std::string_view text) {
  return ByCharacters(text, [](uint32_t code, std::string& output) {
    constexpr uint32_t kReplacement = 0xFFFD;
    if (IsWhiteSpace(code) && (code == '\t' || code == '\n' || code == '\r' || !IsOther(code))) {
      output.push_back(' ');
    } else if (code != kReplacement && !IsOther(code)) {
      AppendCharacter(code, output);
    }
  });
}

std::string WithSpacedChinese(std::string_view text) {
  return ByCharacters(text, [](uint32_t code, std::string& output) {
    const bool is_chinese = IsChinese(code);
    if (is_chinese) output.push_back(' ');
    AppendCharacter(code, output);
    if (is_chinese) output.push_back(' ');
  });
}

std::string_view Stripped(std::string_view text, const StripSpacesStep& step) {
  if (step.left) text.remove_prefix(LeadingSpaceBytes(text));
  if (step.right) text.remove_suffix(TrailingSpaceBytes(text));
  return text;
}

// Makes the function of each kind of step.
struct MakeRewrite {
  using Rewrite = Normalizer::Rewrite;
  using Result = absl::StatusOr<Rewrite>;

  template <typename Way>
  static Result New(Way way) {
    return [way = std::move(way)](std::string_view text, bool,
                                  std::deque<std::string>& storage) -> std::string_view {
      return storage.emplace_back(way(text));
    };
  }

  Result operator()(const UnicodeForm& form) const {
    return
        [form](std::string_view text, bool, std::deque<std::string>& storage) -> std::string_view {
          return IsAscii(text) ? text : storage.emplace_back(InUnicodeForm(text, form));
        };
  }
  Result operator()(const ReplaceStep& step) const {
    absl::StatusOr<PatternMatcher> pattern = PatternMatcher::Create(step.pattern);
    if (!pattern.ok()) return pattern.status();
    return New([pattern = *std::move(pattern), content = step.content](std::string_view text) {
      return Replaced(text, pattern, content);
    });
  }
  Result operator()(const PrependStep& step) const {
    return [step](std::string_view text, bool begins_text,
                  std::deque<std::string>& storage) -> std::string_view {
      if (text.empty() || (step.only_at_start && !begins_text)) return text;
      return storage.emplace_back(step.content + std::string(text));
    };
  }
  Result operator()(const StripSpacesStep& step) const {
    return [step](std::string_view text, bool, std::deque<std::string>&) -> std::string_view {
      return Stripped(text, step);
    };
  }
  Result operator()(const CollapseSpacesStep&) const { return New(WithSingleSpaces); }
  Result operator()(const LowercaseStep&) const {
    return New([](std::string_view text) { return ByCharacters(text, AppendLowercase); });
  }
  Result operator()(const StripMarksStep& step) const {
    return New([step](std::string_view text) { return WithoutMarks(text, step.only_nonspacing); });
  }
  Result operator()(const CleanTextStep&) const { return New(Cleaned); }
  Result operator()(const SpaceChineseStep&) const { return New(WithSpacedChinese); }
  Result operator()(const CharacterMapStep& step) const {
    absl::StatusOr<CharacterMap> map = CharacterMap::Create(step.compiled);
    if (!map.ok()) return map.status();
    return New([map = *std::move(map), unit = step.unit](std::string_view text) {
      return map.Apply(text, unit);
    });
  }
};

}  // namespace

absl::StatusOr<Normalizer> Normalizer::Create(const std::vector<NormalizerStep>& steps) {
  Normalizer normalizer;
  for (const NormalizerStep& step : steps) {
    STRATA_ASSIGN_OR_RETURN(Rewrite rewrite, std::visit(MakeRewrite(), step));
    normalizer.steps_.push_back(std::move(rewrite));
  }
  return normalizer;
}

std::string_view Normalizer::Apply(std::string_view text, bool begins_text,
                                   std::deque<std::string>& storage) const {
  for (const Rewrite& rewrite : steps_) text = rewrite(text, begins_text, storage);
  return text;
}

}  // namespace strata::evaluator

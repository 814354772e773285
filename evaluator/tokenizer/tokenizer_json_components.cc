#include "evaluator/tokenizer/tokenizer_json_components.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "evaluator/text/utf8.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// Older files have add_prefix_space instead of prepend_scheme.
absl::StatusOr<PrependScheme> ReadPrependScheme(const JsonField& component) {
  STRATA_ASSIGN_OR_RETURN(const bool adds_space, component.BoolOr("add_prefix_space", true));
  const std::optional<JsonField> scheme = component.Find("prepend_scheme");
  if (!scheme.has_value()) return adds_space ? PrependScheme::kAlways : PrependScheme::kNever;
  if (scheme->value() == "never") return PrependScheme::kNever;
  if (!adds_space) return scheme->Expected("never, as add_prefix_space is false");
  if (scheme->value() == "first") return PrependScheme::kFirst;
  if (scheme->value() == "always") return PrependScheme::kAlways;
  return scheme->Expected("first, never or always");
}

}  // namespace

absl::StatusOr<std::vector<JsonField>> Components(const JsonField& root, const std::string& key,
                                                  const std::string& items_key) {
  constexpr size_t kMostComponents = 1000;
  std::vector<JsonField> components;
  std::vector<JsonField> pending;  // the next one is last
  if (std::optional<JsonField> first = root.Find(key)) pending.push_back(*std::move(first));
  while (!pending.empty()) {
    const JsonField component = pending.back();
    pending.pop_back();
    STRATA_ASSIGN_OR_RETURN(const JsonField type, component.Member("type"));
    if (type.value() != "Sequence") {
      components.push_back(component);
      if (components.size() > kMostComponents) {
        return component.Unsupported(fmt::format("a pipeline of over {} steps", kMostComponents));
      }
      continue;
    }
    STRATA_ASSIGN_OR_RETURN(const JsonField member, component.Member(items_key));
    STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> items, member.Items());
    pending.insert(pending.end(), items.rbegin(), items.rend());
  }
  return components;
}

absl::StatusOr<TextPattern> ReadPattern(const JsonField& component) {
  STRATA_ASSIGN_OR_RETURN(const JsonField pattern, component.Member("pattern"));
  const std::optional<JsonField> expression = pattern.Find("Regex");
  const std::optional<JsonField> literal = pattern.Find("String");
  if (expression.has_value() == literal.has_value()) {
    return pattern.Expected("an object with either \"String\" or \"Regex\"");
  }
  STRATA_ASSIGN_OR_RETURN(const std::string text,
                          expression.has_value() ? expression->String() : literal->String());
  return TextPattern{.text = text, .is_expression = expression.has_value()};
}

absl::StatusOr<ReplaceStep> ReadReplace(const JsonField& component) {
  STRATA_ASSIGN_OR_RETURN(const TextPattern pattern, ReadPattern(component));
  STRATA_ASSIGN_OR_RETURN(const JsonField member, component.Member("content"));
  STRATA_ASSIGN_OR_RETURN(const std::string content, member.String());
  return ReplaceStep{.pattern = pattern, .content = content};
}

absl::StatusOr<std::string> ReadCharacter(const JsonField& component, const std::string& key) {
  STRATA_ASSIGN_OR_RETURN(const JsonField member, component.Member(key));
  STRATA_ASSIGN_OR_RETURN(const std::string text, member.String());
  if (text.empty() || CharacterBytes(text) != text.size()) {
    return member.Expected("one character");
  }
  return text;
}

absl::StatusOr<MetaspaceStep> ReadMetaspace(const JsonField& component) {
  STRATA_ASSIGN_OR_RETURN(const std::string replacement, ReadCharacter(component, "replacement"));
  STRATA_ASSIGN_OR_RETURN(const PrependScheme scheme, ReadPrependScheme(component));
  STRATA_ASSIGN_OR_RETURN(const bool splits, component.BoolOr("split", true));
  return MetaspaceStep{.replacement = replacement, .scheme = scheme, .splits = splits};
}

absl::StatusOr<AddedToken> ReadAddedToken(const JsonField& field, bool special_if_absent) {
  AddedToken token;
  STRATA_ASSIGN_OR_RETURN(const JsonField content, field.Member("content"));
  STRATA_ASSIGN_OR_RETURN(std::string text, content.String());
  token.text = std::move(text);
  token.special = special_if_absent;
  const std::pair<const char*, bool*> flags[] = {{"special", &token.special},
                                                 {"normalized", &token.normalized},
                                                 {"single_word", &token.single_word},
                                                 {"lstrip", &token.strips_left},
                                                 {"rstrip", &token.strips_right}};
  for (const auto& [key, target] : flags) {
    STRATA_ASSIGN_OR_RETURN(const bool flag, field.BoolOr(key, *target));
    *target = flag;
  }
  return token;
}

}  // namespace strata::evaluator

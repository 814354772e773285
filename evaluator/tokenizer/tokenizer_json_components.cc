#include "evaluator/tokenizer/tokenizer_json_components.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "evaluator/text/utf8.h"

namespace strata::evaluator {
namespace {

// Older files have add_prefix_space in place of prepend_scheme.
absl::StatusOr<PrependScheme> ReadPrependScheme(const JsonField& component) {
  const absl::StatusOr<bool> adds_space = component.BoolOr("add_prefix_space", true);
  if (!adds_space.ok()) return adds_space.status();
  const std::optional<JsonField> scheme = component.Find("prepend_scheme");
  if (!scheme.has_value()) return *adds_space ? PrependScheme::kAlways : PrependScheme::kNever;
  if (scheme->value() == "never") return PrependScheme::kNever;
  if (!*adds_space) return scheme->Expected("never, as add_prefix_space is false");
  if (scheme->value() == "first") return PrependScheme::kFirst;
  if (scheme->value() == "always") return PrependScheme::kAlways;
  return scheme->Expected("first, never or always");
}

}  // namespace

absl::StatusOr<std::vector<JsonField>> Components(const JsonField& root, const std::string& key,
                                                  const std::string& items_key) {
  constexpr size_t kMostComponents = 1000;
  std::vector<JsonField> components;
  std::vector<JsonField> pending;  // the next last
  if (std::optional<JsonField> first = root.Find(key)) pending.push_back(*std::move(first));
  while (!pending.empty()) {
    const JsonField component = pending.back();
    pending.pop_back();
    const absl::StatusOr<JsonField> type = component.Member("type");
    if (!type.ok()) return type.status();
    if (type->value() != "Sequence") {
      components.push_back(component);
      if (components.size() > kMostComponents) {
        return component.Unsupported(fmt::format("a pipeline of over {} steps", kMostComponents));
      }
      continue;
    }
    const absl::StatusOr<JsonField> member = component.Member(items_key);
    if (!member.ok()) return member.status();
    const absl::StatusOr<std::vector<JsonField>> items = member->Items();
    if (!items.ok()) return items.status();
    pending.insert(pending.end(), items->rbegin(), items->rend());
  }
  return components;
}

absl::StatusOr<TextPattern> ReadPattern(const JsonField& component) {
  const absl::StatusOr<JsonField> pattern = component.Member("pattern");
  if (!pattern.ok()) return pattern.status();
  const std::optional<JsonField> expression = pattern->Find("Regex");
  const std::optional<JsonField> literal = pattern->Find("String");
  if (expression.has_value() == literal.has_value()) {
    return pattern->Expected("an object with either \"String\" or \"Regex\"");
  }
  const absl::StatusOr<std::string> text =
      expression.has_value() ? expression->String() : literal->String();
  if (!text.ok()) return text.status();
  return TextPattern{.text = *text, .is_expression = expression.has_value()};
}

absl::StatusOr<ReplaceStep> ReadReplace(const JsonField& component) {
  const absl::StatusOr<TextPattern> pattern = ReadPattern(component);
  if (!pattern.ok()) return pattern.status();
  const absl::StatusOr<JsonField> member = component.Member("content");
  if (!member.ok()) return member.status();
  const absl::StatusOr<std::string> content = member->String();
  if (!content.ok()) return content.status();
  return ReplaceStep{.pattern = *pattern, .content = *content};
}

absl::StatusOr<std::string> ReadCharacter(const JsonField& component, const std::string& key) {
  const absl::StatusOr<JsonField> member = component.Member(key);
  if (!member.ok()) return member.status();
  const absl::StatusOr<std::string> text = member->String();
  if (!text.ok()) return text.status();
  if (text->empty() || CharacterBytes(*text) != text->size()) {
    return member->Expected("one character");
  }
  return *text;
}

absl::StatusOr<MetaspaceStep> ReadMetaspace(const JsonField& component) {
  const absl::StatusOr<std::string> replacement = ReadCharacter(component, "replacement");
  if (!replacement.ok()) return replacement.status();
  const absl::StatusOr<PrependScheme> scheme = ReadPrependScheme(component);
  if (!scheme.ok()) return scheme.status();
  const absl::StatusOr<bool> splits = component.BoolOr("split", true);
  if (!splits.ok()) return splits.status();
  return MetaspaceStep{.replacement = *replacement, .scheme = *scheme, .splits = *splits};
}

}  // namespace strata::evaluator

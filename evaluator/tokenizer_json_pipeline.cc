#include "evaluator/tokenizer_json_pipeline.h"

#include <fmt/format.h>

#include <optional>

#include "evaluator/gguf_pre_tokenizers.h"
#include "evaluator/utf8.h"

namespace strata::evaluator {
namespace {

constexpr const char* kByteLevel = "ByteLevel";

// The components of `root`'s member `key`, with Sequences, whose items lie under `items_key`,
// replaced by their items.
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

absl::StatusOr<NormalizerStep> ReadNormalizer(const JsonField& component, const std::string& type) {
  const std::pair<const char*, UnicodeForm> forms[] = {{"NFC", UnicodeForm::kNfc},
                                                       {"NFD", UnicodeForm::kNfd},
                                                       {"NFKC", UnicodeForm::kNfkc},
                                                       {"NFKD", UnicodeForm::kNfkd}};
  for (const auto& [name, form] : forms) {
    if (type == name) return form;
  }
  if (type == "Replace") {
    absl::StatusOr<ReplaceStep> replace = ReadReplace(component);
    if (!replace.ok()) return replace.status();
    return *std::move(replace);
  }
  if (type == "Prepend") {
    const absl::StatusOr<JsonField> member = component.Member("prepend");
    if (!member.ok()) return member.status();
    absl::StatusOr<std::string> content = member->String();
    if (!content.ok()) return content.status();
    return PrependStep{.content = *std::move(content), .only_at_start = false};
  }
  if (type == "Strip") {
    const absl::StatusOr<bool> left = component.BoolOr("strip_left", true);
    if (!left.ok()) return left.status();
    const absl::StatusOr<bool> right = component.BoolOr("strip_right", true);
    if (!right.ok()) return right.status();
    return StripSpacesStep{.left = *left, .right = *right};
  }
  return component.Unsupported(fmt::format("normalizer \"{}\"", type));
}

absl::StatusOr<SplitStep> ReadSplit(const JsonField& component) {
  absl::StatusOr<TextPattern> pattern = ReadPattern(component);
  if (!pattern.ok()) return pattern.status();
  const absl::StatusOr<JsonField> member = component.Member("behavior");
  if (!member.ok()) return member.status();
  const absl::StatusOr<bool> inverted = component.BoolOr("invert", false);
  if (!inverted.ok()) return inverted.status();
  const std::pair<const char*, SplitBehavior> behaviors[] = {
      {"Removed", SplitBehavior::kRemoved},
      {"Isolated", SplitBehavior::kIsolated},
      {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
      {"MergedWithNext", SplitBehavior::kMergedWithNext},
      {"Contiguous", SplitBehavior::kContiguous}};
  for (const auto& [name, behavior] : behaviors) {
    if (member->value() != name) continue;
    return SplitStep{.pattern = *std::move(pattern), .behavior = behavior, .inverted = *inverted};
  }
  return member->Expected("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
}

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

absl::StatusOr<MetaspaceStep> ReadMetaspace(const JsonField& component) {
  const absl::StatusOr<std::string> replacement = ReadCharacter(component, "replacement");
  if (!replacement.ok()) return replacement.status();
  const absl::StatusOr<PrependScheme> scheme = ReadPrependScheme(component);
  if (!scheme.ok()) return scheme.status();
  const absl::StatusOr<bool> splits = component.BoolOr("split", true);
  if (!splits.ok()) return splits.status();
  return MetaspaceStep{.replacement = *replacement, .scheme = *scheme, .splits = *splits};
}

absl::Status ReadByteLevel(const JsonField& component, TokenizerDescription& description) {
  const absl::StatusOr<bool> adds_space = component.BoolOr("add_prefix_space", true);
  if (!adds_space.ok()) return adds_space.status();
  const absl::StatusOr<bool> uses_expression = component.BoolOr("use_regex", true);
  if (!uses_expression.ok()) return uses_expression.status();
  if (*adds_space) description.pre_tokenizer.push_back(PrefixSpaceStep{});
  if (*uses_expression) {
    description.pre_tokenizer.push_back(
        SplitStep{.pattern = {.text = kGpt2Expression, .is_expression = true}});
  }
  description.byte_level = true;
  return absl::OkStatus();
}

absl::Status ReadPreTokenizer(const JsonField& component, const std::string& type,
                              TokenizerDescription& description) {
  if (description.byte_level) {
    return component.Unsupported(fmt::format("pre-tokenizer \"{}\" after ByteLevel", type));
  }
  if (type == kByteLevel) return ReadByteLevel(component, description);
  if (type == "Split") {
    const absl::StatusOr<SplitStep> split = ReadSplit(component);
    if (!split.ok()) return split.status();
    description.pre_tokenizer.push_back(*split);
  } else if (type == "Digits") {
    const absl::StatusOr<bool> single = component.BoolOr("individual_digits", false);
    if (!single.ok()) return single.status();
    description.pre_tokenizer.push_back(
        SplitStep{.pattern = {.text = "\\p{N}", .is_expression = true},
                  .behavior = *single ? SplitBehavior::kIsolated : SplitBehavior::kContiguous});
  } else if (type == "Metaspace") {
    const absl::StatusOr<MetaspaceStep> space = ReadMetaspace(component);
    if (!space.ok()) return space.status();
    description.pre_tokenizer.push_back(*space);
  } else {
    return component.Unsupported(fmt::format("pre-tokenizer \"{}\"", type));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ReadCount(const JsonField& component, const std::string& key) {
  const absl::StatusOr<JsonField> member = component.Member(key);
  if (!member.ok()) return member.status();
  const absl::StatusOr<int64_t> count = member->Integer();
  if (count.ok() && *count < 0) return member->Expected("a number that is not negative");
  return count;
}

absl::StatusOr<DecoderStep> ReadDecoder(const JsonField& component, const std::string& type) {
  if (type == kByteLevel) return ByteLevelDecoderStep{};
  if (type == "ByteFallback") return ByteFallbackDecoderStep{};
  if (type == "Fuse") return FuseDecoderStep{};
  if (type == "Replace") {
    absl::StatusOr<ReplaceStep> replace = ReadReplace(component);
    if (!replace.ok()) return replace.status();
    return *std::move(replace);
  }
  if (type == "Strip") {
    const absl::StatusOr<std::string> character = ReadCharacter(component, "content");
    if (!character.ok()) return character.status();
    const absl::StatusOr<int64_t> left = ReadCount(component, "start");
    if (!left.ok()) return left.status();
    const absl::StatusOr<int64_t> right = ReadCount(component, "stop");
    if (!right.ok()) return right.status();
    return StripDecoderStep{.character = *character, .left = *left, .right = *right};
  }
  if (type == "Metaspace") {
    const absl::StatusOr<MetaspaceStep> space = ReadMetaspace(component);
    if (!space.ok()) return space.status();
    return MetaspaceDecoderStep{.replacement = space->replacement,
                                .drops_in_first = space->scheme != PrependScheme::kNever};
  }
  return component.Unsupported(fmt::format("decoder \"{}\"", type));
}

// Ids of a template's special token, by the text that the template names it with.
absl::StatusOr<int32_t> TemplateToken(const JsonField& component, const JsonField& item) {
  const absl::StatusOr<JsonField> name_field = item.Member("id");
  if (!name_field.ok()) return name_field.status();
  const absl::StatusOr<std::string> name = name_field->String();
  if (!name.ok()) return name.status();
  const absl::StatusOr<JsonField> tokens = component.Member("special_tokens");
  if (!tokens.ok()) return tokens.status();
  const absl::StatusOr<JsonField> token = tokens->Member(*name);
  if (!token.ok()) return token.status();
  const absl::StatusOr<JsonField> ids_field = token->Member("ids");
  if (!ids_field.ok()) return ids_field.status();
  const absl::StatusOr<std::vector<JsonField>> ids = ids_field->Items();
  if (!ids.ok()) return ids.status();
  if (ids->size() != 1) return ids_field->Expected("one id");
  const absl::StatusOr<int64_t> id = ids->front().Integer();
  if (!id.ok()) return id.status();
  if (*id < 0 || *id > std::numeric_limits<int32_t>::max()) return ids->front().Expected("an id");
  return static_cast<int32_t>(*id);
}

absl::Status ReadTemplate(const JsonField& component, TokenizerDescription& description) {
  const absl::StatusOr<JsonField> member = component.Member("single");
  if (!member.ok()) return member.status();
  const absl::StatusOr<std::vector<JsonField>> items = member->Items();
  if (!items.ok()) return items.status();
  bool after_text = false;
  for (const JsonField& item : *items) {
    if (item.Find("Sequence").has_value()) {
      if (after_text) return item.Unsupported("a template with the text twice");
      after_text = true;
      continue;
    }
    const absl::StatusOr<JsonField> special = item.Member("SpecialToken");
    if (!special.ok()) return special.status();
    bool& adds = after_text ? description.adds_end : description.adds_begin;
    if (adds) return item.Unsupported("a template with several tokens before or after the text");
    const absl::StatusOr<int32_t> id = TemplateToken(component, *special);
    if (!id.ok()) return id.status();
    (after_text ? description.end : description.begin) = *id;
    adds = true;
  }
  if (!after_text) return member->Expected("a template with the text");
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadNormalizers(const JsonField& json, TokenizerDescription& description) {
  const absl::StatusOr<std::vector<JsonField>> components =
      Components(json, "normalizer", "normalizers");
  if (!components.ok()) return components.status();
  for (const JsonField& component : *components) {
    const absl::StatusOr<std::string> type = component.Member("type")->String();
    if (!type.ok()) return type.status();
    absl::StatusOr<NormalizerStep> step = ReadNormalizer(component, *type);
    if (!step.ok()) return step.status();
    description.normalizer.push_back(*std::move(step));
  }
  return absl::OkStatus();
}

absl::Status ReadPreTokenizers(const JsonField& json, TokenizerDescription& description) {
  const absl::StatusOr<std::vector<JsonField>> components =
      Components(json, "pre_tokenizer", "pretokenizers");
  if (!components.ok()) return components.status();
  for (const JsonField& component : *components) {
    const absl::StatusOr<std::string> type = component.Member("type")->String();
    if (!type.ok()) return type.status();
    absl::Status status = ReadPreTokenizer(component, *type, description);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ReadDecoders(const JsonField& json, TokenizerDescription& description) {
  const absl::StatusOr<std::vector<JsonField>> components = Components(json, "decoder", "decoders");
  if (!components.ok()) return components.status();
  for (const JsonField& component : *components) {
    const absl::StatusOr<std::string> type = component.Member("type")->String();
    if (!type.ok()) return type.status();
    absl::StatusOr<DecoderStep> step = ReadDecoder(component, *type);
    if (!step.ok()) return step.status();
    description.decoder.push_back(*std::move(step));
  }
  return absl::OkStatus();
}

absl::Status ReadPostProcessors(const JsonField& json, TokenizerDescription& description) {
  const absl::StatusOr<std::vector<JsonField>> components =
      Components(json, "post_processor", "processors");
  if (!components.ok()) return components.status();
  for (const JsonField& component : *components) {
    const absl::StatusOr<std::string> type = component.Member("type")->String();
    if (!type.ok()) return type.status();
    if (*type == kByteLevel) continue;  // changes offsets only
    if (*type != "TemplateProcessing") {
      return component.Unsupported(fmt::format("post-processor \"{}\"", *type));
    }
    if (absl::Status status = ReadTemplate(component, description); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator

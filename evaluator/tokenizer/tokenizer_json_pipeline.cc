#include "evaluator/tokenizer/tokenizer_json_pipeline.h"

#include <fmt/format.h>

#include <limits>
#include <utility>
#include <vector>

#include "evaluator/tokenizer/tokenizer_json_components.h"

namespace strata::evaluator {
namespace {

constexpr const char* kByteLevel = "ByteLevel";

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
  if (type == "Replace") return ReadReplace(component);
  if (type == "WordPiece") {
    const absl::StatusOr<std::string> prefix = component.StringOr("prefix", "##");
    if (!prefix.ok()) return prefix.status();
    const absl::StatusOr<bool> cleans_up = component.BoolOr("cleanup", true);
    if (!cleans_up.ok()) return cleans_up.status();
    return WordPieceDecoderStep{.continuing_prefix = *prefix, .cleans_up = *cleans_up};
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

absl::StatusOr<int32_t> ReadId(const JsonField& field) {
  const absl::StatusOr<int64_t> id = field.Integer();
  if (!id.ok()) return id.status();
  if (*id < 0 || *id > std::numeric_limits<int32_t>::max()) return field.Expected("an id");
  return static_cast<int32_t>(*id);
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
  return ReadId(ids->front());
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

// Of ["[CLS]", 101] the id.
absl::StatusOr<int32_t> ReadNamedId(const JsonField& component, const std::string& key) {
  const absl::StatusOr<JsonField> member = component.Member(key);
  if (!member.ok()) return member.status();
  const absl::StatusOr<std::vector<JsonField>> items = member->Items();
  if (!items.ok()) return items.status();
  if (items->size() != 2) return member->Expected("a token and its id");
  return ReadId(items->back());
}

absl::Status ReadBeginAndEnd(const JsonField& component, TokenizerDescription& description) {
  const absl::StatusOr<int32_t> begin = ReadNamedId(component, "cls");
  if (!begin.ok()) return begin.status();
  const absl::StatusOr<int32_t> end = ReadNamedId(component, "sep");
  if (!end.ok()) return end.status();
  description.begin = *begin;
  description.end = *end;
  description.adds_begin = true;
  description.adds_end = true;
  return absl::OkStatus();
}

}  // namespace

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
    if (*type == "BertProcessing" || *type == "RobertaProcessing") {
      absl::Status status = ReadBeginAndEnd(component, description);
      if (!status.ok()) return status;
      continue;
    }
    if (*type != "TemplateProcessing") {
      return component.Unsupported(fmt::format("post-processor \"{}\"", *type));
    }
    if (absl::Status status = ReadTemplate(component, description); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator

#include "evaluator/tokenizer/tokenizer_json_pipeline.h"

#include <fmt/format.h>

#include <limits>
#include <utility>
#include <vector>

#include "evaluator/tokenizer/tokenizer_json_components.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr const char* kByteLevel = "ByteLevel";

absl::StatusOr<int64_t> ReadCount(const JsonField& component, const std::string& key) {
  STRATA_ASSIGN_OR_RETURN(const JsonField member, component.Member(key));
  const absl::StatusOr<int64_t> count = member.Integer();
  if (count.ok() && *count < 0) return member.Expected("a number that is not negative");
  return count;
}

absl::StatusOr<DecoderStep> ReadDecoder(const JsonField& component, const std::string& type) {
  if (type == kByteLevel) return ByteLevelDecoderStep{};
  if (type == "ByteFallback") return ByteFallbackDecoderStep{};
  if (type == "Fuse") return FuseDecoderStep{};
  if (type == "Replace") return ReadReplace(component);
  if (type == "Strip") {
    STRATA_ASSIGN_OR_RETURN(const std::string character, ReadCharacter(component, "content"));
    STRATA_ASSIGN_OR_RETURN(const int64_t left, ReadCount(component, "start"));
    STRATA_ASSIGN_OR_RETURN(const int64_t right, ReadCount(component, "stop"));
    return StripDecoderStep{.character = character, .left = left, .right = right};
  }
  if (type == "Metaspace") {
    STRATA_ASSIGN_OR_RETURN(const MetaspaceStep space, ReadMetaspace(component));
    return MetaspaceDecoderStep{.replacement = space.replacement,
                                .drops_in_first = space.scheme != PrependScheme::kNever};
  }
  return component.Unsupported(fmt::format("decoder \"{}\"", type));
}

absl::StatusOr<int32_t> ReadId(const JsonField& field) {
  const absl::StatusOr<int64_t> id = field.Integer();
  if (!id.ok()) return id.status();
  if (*id < 0 || *id > std::numeric_limits<int32_t>::max()) return field.Expected("an id");
  return static_cast<int32_t>(*id);
}

// Returns the id of a template's special token, by the text with which the template names it.
absl::StatusOr<int32_t> TemplateToken(const JsonField& component, const JsonField& item) {
  STRATA_ASSIGN_OR_RETURN(const JsonField name_field, item.Member("id"));
  STRATA_ASSIGN_OR_RETURN(const std::string name, name_field.String());
  STRATA_ASSIGN_OR_RETURN(const JsonField tokens, component.Member("special_tokens"));
  STRATA_ASSIGN_OR_RETURN(const JsonField token, tokens.Member(name));
  STRATA_ASSIGN_OR_RETURN(const JsonField ids_field, token.Member("ids"));
  STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> ids, ids_field.Items());
  if (ids.size() != 1) return ids_field.Expected("one id");
  return ReadId(ids.front());
}

absl::Status ReadTemplate(const JsonField& component, TokenizerDescription& description) {
  STRATA_ASSIGN_OR_RETURN(const JsonField member, component.Member("single"));
  STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> items, member.Items());
  bool after_text = false;
  for (const JsonField& item : items) {
    if (item.Find("Sequence").has_value()) {
      if (after_text) return item.Unsupported("a template with the text twice");
      after_text = true;
      continue;
    }
    STRATA_ASSIGN_OR_RETURN(const JsonField special, item.Member("SpecialToken"));
    bool& adds = after_text ? description.adds_end : description.adds_begin;
    if (adds) return item.Unsupported("a template with several tokens before or after the text");
    STRATA_ASSIGN_OR_RETURN(const int32_t id, TemplateToken(component, special));
    (after_text ? description.end : description.begin) = id;
    adds = true;
  }
  if (!after_text) return member.Expected("a template with the text");
  return absl::OkStatus();
}

// Returns the id 101 of a member such as ["[CLS]", 101].
absl::StatusOr<int32_t> ReadNamedId(const JsonField& component, const std::string& key) {
  STRATA_ASSIGN_OR_RETURN(const JsonField member, component.Member(key));
  STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> items, member.Items());
  if (items.size() != 2) return member.Expected("a token and its id");
  return ReadId(items.back());
}

absl::Status ReadBeginAndEnd(const JsonField& component, TokenizerDescription& description) {
  STRATA_ASSIGN_OR_RETURN(const int32_t begin, ReadNamedId(component, "cls"));
  STRATA_ASSIGN_OR_RETURN(const int32_t end, ReadNamedId(component, "sep"));
  description.begin = begin;
  description.end = end;
  description.adds_begin = true;
  description.adds_end = true;
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadDecoders(const JsonField& json, TokenizerDescription& description) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> components,
                          Components(json, "decoder", "decoders"));
  for (const JsonField& component : components) {
    STRATA_ASSIGN_OR_RETURN(const std::string type, component.Member("type")->String());
    STRATA_ASSIGN_OR_RETURN(DecoderStep step, ReadDecoder(component, type));
    description.decoder.push_back(std::move(step));
  }
  return absl::OkStatus();
}

absl::Status ReadPostProcessors(const JsonField& json, TokenizerDescription& description) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> components,
                          Components(json, "post_processor", "processors"));
  for (const JsonField& component : components) {
    STRATA_ASSIGN_OR_RETURN(const std::string type, component.Member("type")->String());
    if (type == kByteLevel) continue;  // changes offsets only
    if (type == "BertProcessing" || type == "RobertaProcessing") {
      absl::Status status = ReadBeginAndEnd(component, description);
      if (!status.ok()) return status;
      continue;
    }
    if (type != "TemplateProcessing") {
      return component.Unsupported(fmt::format("post-processor \"{}\"", type));
    }
    STRATA_RETURN_IF_ERROR(ReadTemplate(component, description));
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "evaluator/formats/base64.h"
#include "evaluator/tokenizer/tokenizer_json_components.h"
#include "evaluator/tokenizer/tokenizer_json_pipeline.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::StatusOr<CharacterMapStep> ReadCharacterMap(const JsonField& component) {
  STRATA_ASSIGN_OR_RETURN(const JsonField member, component.Member("precompiled_charsmap"));
  STRATA_ASSIGN_OR_RETURN(const std::string text, member.String());
  std::optional<std::string> bytes = FromBase64(text);
  if (!bytes.has_value()) return member.Expected("base64");
  return CharacterMapStep{.compiled = *std::move(bytes), .unit = CharacterMapUnit::kCluster};
}

absl::Status ReadBertNormalizer(const JsonField& component, TokenizerDescription& description) {
  bool cleans = true;
  bool spaces_chinese = true;
  bool lowers = true;
  const std::pair<const char*, bool*> flags[] = {
      {"clean_text", &cleans}, {"handle_chinese_chars", &spaces_chinese}, {"lowercase", &lowers}};
  for (const auto& [key, target] : flags) {
    STRATA_ASSIGN_OR_RETURN(const bool flag, component.BoolOr(key, *target));
    *target = flag;
  }
  STRATA_ASSIGN_OR_RETURN(const bool strips, component.BoolOr("strip_accents", lowers));
  std::vector<NormalizerStep>& steps = description.normalizer;
  if (cleans) steps.push_back(CleanTextStep{});
  if (spaces_chinese) steps.push_back(SpaceChineseStep{});
  if (strips) {
    steps.push_back(UnicodeForm::kNfd);
    steps.push_back(StripMarksStep{.only_nonspacing = true});
  }
  if (lowers) steps.push_back(LowercaseStep{});
  return absl::OkStatus();
}

absl::StatusOr<NormalizerStep> ReadNormalizer(const JsonField& component, const std::string& type) {
  const std::pair<const char*, NormalizerStep> plain[] = {
      {"NFC", UnicodeForm::kNfc},     {"NFD", UnicodeForm::kNfd},
      {"NFKC", UnicodeForm::kNfkc},   {"NFKD", UnicodeForm::kNfkd},
      {"Lowercase", LowercaseStep{}}, {"StripAccents", StripMarksStep{}}};
  for (const auto& [name, step] : plain) {
    if (type == name) return step;
  }
  if (type == "Replace") return ReadReplace(component);
  if (type == "Precompiled") return ReadCharacterMap(component);
  if (type == "Prepend") {
    STRATA_ASSIGN_OR_RETURN(const JsonField member, component.Member("prepend"));
    STRATA_ASSIGN_OR_RETURN(std::string content, member.String());
    return PrependStep{.content = std::move(content), .only_at_start = false};
  }
  if (type == "Strip") {
    STRATA_ASSIGN_OR_RETURN(const bool left, component.BoolOr("strip_left", true));
    STRATA_ASSIGN_OR_RETURN(const bool right, component.BoolOr("strip_right", true));
    return StripSpacesStep{.left = left, .right = right};
  }
  return component.Unsupported(fmt::format("normalizer \"{}\"", type));
}

}  // namespace

absl::Status ReadNormalizers(const JsonField& json, TokenizerDescription& description) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> components,
                          Components(json, "normalizer", "normalizers"));
  for (const JsonField& component : components) {
    STRATA_ASSIGN_OR_RETURN(const std::string type, component.Member("type")->String());
    if (type == "BertNormalizer") {
      STRATA_RETURN_IF_ERROR(ReadBertNormalizer(component, description));
      continue;
    }
    STRATA_ASSIGN_OR_RETURN(NormalizerStep step, ReadNormalizer(component, type));
    description.normalizer.push_back(std::move(step));
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator

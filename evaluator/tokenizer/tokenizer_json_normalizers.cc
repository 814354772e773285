#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "evaluator/formats/base64.h"
#include "evaluator/tokenizer/tokenizer_json_components.h"
#include "evaluator/tokenizer/tokenizer_json_pipeline.h"

namespace strata::evaluator {
namespace {

absl::StatusOr<CharacterMapStep> ReadCharacterMap(const JsonField& component) {
  const absl::StatusOr<JsonField> member = component.Member("precompiled_charsmap");
  if (!member.ok()) return member.status();
  const absl::StatusOr<std::string> text = member->String();
  if (!text.ok()) return text.status();
  std::optional<std::string> bytes = FromBase64(*text);
  if (!bytes.has_value()) return member->Expected("base64");
  return CharacterMapStep{.compiled = *std::move(bytes), .unit = CharacterMapUnit::kCluster};
}

absl::Status ReadBertNormalizer(const JsonField& component, TokenizerDescription& description) {
  bool cleans = true;
  bool spaces_chinese = true;
  bool lowers = true;
  const std::pair<const char*, bool*> flags[] = {
      {"clean_text", &cleans}, {"handle_chinese_chars", &spaces_chinese}, {"lowercase", &lowers}};
  for (const auto& [key, target] : flags) {
    const absl::StatusOr<bool> flag = component.BoolOr(key, *target);
    if (!flag.ok()) return flag.status();
    *target = *flag;
  }
  const absl::StatusOr<bool> strips = component.BoolOr("strip_accents", lowers);
  if (!strips.ok()) return strips.status();
  std::vector<NormalizerStep>& steps = description.normalizer;
  if (cleans) steps.push_back(CleanTextStep{});
  if (spaces_chinese) steps.push_back(SpaceChineseStep{});
  if (*strips) {
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

}  // namespace

absl::Status ReadNormalizers(const JsonField& json, TokenizerDescription& description) {
  const absl::StatusOr<std::vector<JsonField>> components =
      Components(json, "normalizer", "normalizers");
  if (!components.ok()) return components.status();
  for (const JsonField& component : *components) {
    const absl::StatusOr<std::string> type = component.Member("type")->String();
    if (!type.ok()) return type.status();
    if (*type == "BertNormalizer") {
      if (absl::Status status = ReadBertNormalizer(component, description); !status.ok()) {
        return status;
      }
      continue;
    }
    absl::StatusOr<NormalizerStep> step = ReadNormalizer(component, *type);
    if (!step.ok()) return step.status();
    description.normalizer.push_back(*std::move(step));
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator

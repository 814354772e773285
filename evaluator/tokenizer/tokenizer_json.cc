#include "evaluator/tokenizer/tokenizer_json.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/fallback_bytes.h"
#include "evaluator/tokenizer/piece_encoder.h"
#include "evaluator/tokenizer/tokenizer_json_components.h"
#include "evaluator/tokenizer/tokenizer_json_pipeline.h"
#include "evaluator/tokenizer/vocabulary_builder.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::Status ReadScoredVocabulary(const JsonField& vocabulary, VocabularyBuilder& builder,
                                  std::vector<double>& scores) {
  if (!vocabulary.value().is_array()) return vocabulary.Expected("an array");
  builder.Expect(vocabulary.value().size());
  for (const nlohmann::json& item : vocabulary.value()) {
    const auto id = static_cast<int64_t>(scores.size());
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_number()) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: model.vocab: entry {}: expected a token and its score", builder.source(), id));
    }
    absl::Status status = builder.Add(item[0].get_ref<const std::string&>(), id);
    if (!status.ok()) return status;
    scores.push_back(item[1].get<double>());
  }
  return absl::OkStatus();
}

absl::Status ReadMerge(const nlohmann::json& merge, VocabularyBuilder& builder) {
  if (merge.is_string()) return builder.AddMerge(merge.get_ref<const std::string&>());
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return builder.AddMerge(merge[0].get_ref<const std::string&>(),
                            merge[1].get_ref<const std::string&>());
  }
  return absl::InvalidArgumentError(
      fmt::format("{}: model.merges: entry {}: expected \"left right\" or [\"left\", \"right\"]",
                  builder.source(), builder.merges()));
}

absl::Status ReadUnknownToken(const JsonField& model, VocabularyBuilder& builder) {
  const std::optional<JsonField> unknown = model.Find("unk_token");
  if (!unknown.has_value()) return absl::OkStatus();
  STRATA_ASSIGN_OR_RETURN(const std::string text, unknown->String());
  builder.description().unknown = builder.Find(text);
  if (builder.description().unknown.has_value()) return absl::OkStatus();
  return unknown->Expected("a token of the vocabulary");
}

absl::Status ReadBytePairModel(const JsonField& model, VocabularyBuilder& builder) {
  TokenizerDescription& description = builder.description();
  description.scheme = TokenizerScheme::kRankedMerges;
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    STRATA_ASSIGN_OR_RETURN(const std::string affix, model.StringOr(key, ""));
    if (!affix.empty()) return model.Unsupported(fmt::format("{} \"{}\"", key, affix));
  }
  if (const auto dropout = model.Find("dropout"); dropout.has_value() && dropout->value() != 0) {
    return dropout->Unsupported("dropout");
  }
  const std::pair<const char*, bool*> flags[] = {{"fuse_unk", &description.fuses_unknown},
                                                 {"byte_fallback", &description.byte_fallback},
                                                 {"ignore_merges", &description.ignores_merges}};
  for (const auto& [key, target] : flags) {
    STRATA_ASSIGN_OR_RETURN(const bool flag, model.BoolOr(key, false));
    *target = flag;
  }
  STRATA_ASSIGN_OR_RETURN(const JsonField vocabulary, model.Member("vocab"));
  STRATA_RETURN_IF_ERROR(ReadVocabularyObject(vocabulary, builder));
  STRATA_ASSIGN_OR_RETURN(const JsonField merges, model.Member("merges"));
  if (!merges.value().is_array()) return merges.Expected("an array");
  for (const nlohmann::json& merge : merges.value()) {
    STRATA_RETURN_IF_ERROR(ReadMerge(merge, builder));
  }
  return ReadUnknownToken(model, builder);
}

absl::Status ReadUnigramModel(const JsonField& model, VocabularyBuilder& builder) {
  TokenizerDescription& description = builder.description();
  description.scheme = TokenizerScheme::kUnigram;
  description.fuses_unknown = true;
  const absl::StatusOr<JsonField> vocabulary = model.Member("vocab");
  if (!vocabulary.ok()) return vocabulary.status();
  absl::Status status = ReadScoredVocabulary(*vocabulary, builder, description.scores);
  if (!status.ok()) return status;
  STRATA_ASSIGN_OR_RETURN(const bool byte_fallback, model.BoolOr("byte_fallback", false));
  description.byte_fallback = byte_fallback;
  const std::optional<JsonField> unknown = model.Find("unk_id");
  if (!unknown.has_value()) return absl::OkStatus();
  const absl::StatusOr<int64_t> id = unknown->Integer();
  if (!id.ok()) return id.status();
  if (*id < 0 || *id >= description.size()) return unknown->Expected("an id of the vocabulary");
  description.unknown = static_cast<int32_t>(*id);
  return absl::OkStatus();
}

absl::Status ReadModel(const JsonField& json, VocabularyBuilder& builder) {
  STRATA_ASSIGN_OR_RETURN(const JsonField model, json.Member("model"));
  // Files of old versions leave the type out.
  STRATA_ASSIGN_OR_RETURN(const std::string type,
                          model.StringOr("type", model.Find("merges").has_value() ? "BPE" : ""));
  if (type == "BPE") return ReadBytePairModel(model, builder);
  if (type == "Unigram") return ReadUnigramModel(model, builder);
  return model.Unsupported(fmt::format("model \"{}\"", type));
}

absl::Status AddToken(const JsonField& field, VocabularyBuilder& builder) {
  STRATA_ASSIGN_OR_RETURN(AddedToken token, ReadAddedToken(field, /*special_if_absent=*/false));
  STRATA_ASSIGN_OR_RETURN(const JsonField id_field, field.Member("id"));
  STRATA_ASSIGN_OR_RETURN(const int64_t id, id_field.Integer());
  return builder.AddAddedToken(std::move(token), id);
}

absl::Status ReadAddedTokens(const JsonField& json, VocabularyBuilder& builder) {
  const std::optional<JsonField> member = json.Find("added_tokens");
  if (!member.has_value()) return absl::OkStatus();
  STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> tokens, member->Items());
  builder.Expect(tokens.size());
  for (const JsonField& token : tokens) {
    STRATA_RETURN_IF_ERROR(AddToken(token, builder));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadVocabularyObject(const JsonField& vocabulary, VocabularyBuilder& builder) {
  if (!vocabulary.value().is_object()) return vocabulary.Expected("an object");
  builder.Expect(vocabulary.value().size());
  for (const auto& item : vocabulary.value().items()) {
    const nlohmann::json& id = item.value();
    constexpr uint64_t kHuge = uint64_t{1} << 62;
    if (!id.is_number_integer() || (id.is_number_unsigned() && id.get<uint64_t>() > kHuge)) {
      return absl::InvalidArgumentError(
          fmt::format("{}: token \"{}\" of the vocabulary: expected an integer as its id",
                      builder.source(), item.key()));
    }
    absl::Status status = builder.Add(item.key(), id.get<int64_t>());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<TokenizerDescription> ReadTokenizerJson(const nlohmann::json& json,
                                                       const std::string& file) {
  const JsonField root(json, file);
  TokenizerDescription description;
  description.source = file;
  VocabularyBuilder builder(description);
  STRATA_RETURN_IF_ERROR(ReadModel(root, builder));
  STRATA_RETURN_IF_ERROR(ReadAddedTokens(root, builder));
  for (const auto& read : {ReadNormalizers, ReadPreTokenizers, ReadDecoders, ReadPostProcessors}) {
    STRATA_RETURN_IF_ERROR(read(root, description));
  }
  builder.Finish();
  if (!description.scores.empty()) description.scores.resize(description.tokens.size());
  STRATA_RETURN_IF_ERROR(Validate(description));
  return description;
}

}  // namespace strata::evaluator

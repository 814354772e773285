#include "evaluator/tokenizer/sentencepiece_model.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "evaluator/formats/wire_format.h"
#include "evaluator/text/utf8.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr std::string_view kMarkedSpace = "\u2581";

// Values of TrainerSpec.model_type.
constexpr uint64_t kUnigram = 1;
constexpr uint64_t kBytePairs = 2;

// The fields of TrainerSpec and NormalizerSpec that matter, with the defaults of the format.
struct Settings {
  uint64_t model_type = kUnigram;
  bool byte_fallback = false;
  bool spaces_behind_words = false;
  int64_t begin = 1;
  int64_t end = 2;
  std::string character_map;  // empty: identity
  bool adds_dummy_prefix = true;
  bool removes_extra_spaces = true;
  bool escapes_spaces = true;
};

class ModelReader {
 public:
  explicit ModelReader(const std::string& file) { description_.source = file; }

  absl::Status ReadModel(std::string_view bytes) {
    return ForEachField(bytes, "model", [&](const WireField& field) -> absl::Status {
      if (field.number > 3) return absl::OkStatus();
      if (field.type != 2) return Unexpected("model", field);
      if (field.number == 1) return ReadPiece(field.bytes);
      return field.number == 2 ? ReadTrainer(field.bytes) : ReadNormalizer(field.bytes);
    });
  }

  absl::StatusOr<TokenizerDescription> Finish(bool adds_space_to_all) {
    if (description_.tokens.empty()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected a SentencePiece model, found no pieces", description_.source));
    }
    STRATA_RETURN_IF_ERROR(CheckSettings());
    description_.scheme = settings_.model_type == kUnigram ? TokenizerScheme::kUnigram
                                                           : TokenizerScheme::kScoredMerges;
    description_.byte_fallback = settings_.byte_fallback;
    description_.fuses_unknown = true;
    const bool has_begin = settings_.begin >= 0 && settings_.begin < description_.size();
    if (has_begin) description_.begin = static_cast<int32_t>(settings_.begin);
    description_.adds_begin = has_begin;
    if (settings_.end >= 0 && settings_.end < description_.size()) {
      description_.end = static_cast<int32_t>(settings_.end);
    }
    AddSpecialTokens(adds_space_to_all);
    AddSteps(adds_space_to_all);
    STRATA_RETURN_IF_ERROR(Validate(description_));
    return std::move(description_);
  }

 private:
  template <typename Take>
  absl::Status ForEachField(std::string_view message, const std::string& what, const Take& take) {
    WireReader reader(message);
    while (true) {
      const absl::StatusOr<std::optional<WireField>> field = reader.Next();
      if (!field.ok()) {
        return {field.status().code(),
                fmt::format("{}: expected a SentencePiece model: {}: {}", description_.source, what,
                            std::string(field.status().message()))};
      }
      if (!field->has_value()) return absl::OkStatus();
      STRATA_RETURN_IF_ERROR(take(**field));
    }
  }

  absl::Status Unexpected(const std::string& what, const WireField& field) const {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected a SentencePiece model: {}: field {} has wire type {}",
                    description_.source, what, field.number, field.type));
  }

  absl::Status ReadPiece(std::string_view bytes) {
    std::string text;
    float score = 0;
    uint64_t type = 1;
    const std::string what = fmt::format("piece {}", description_.tokens.size());
    absl::Status status = ForEachField(bytes, what, [&](const WireField& field) -> absl::Status {
      constexpr int kTypes[] = {0, 2, 5, 0};  // wire types of the fields from 1 on
      if (field.number > 3) return absl::OkStatus();
      if (field.type != kTypes[field.number]) return Unexpected(what, field);
      if (field.number == 1) text = field.bytes;
      if (field.number == 2) score = field.Float();
      if (field.number == 3) type = field.value;
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    if (std::isnan(score) || type < 1 || type > 6 || WellFormedBytes(text) != text.size()) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: {}: expected UTF-8, a score and a type from 1 to 6, found \"{}\", {} and {}",
          description_.source, what, WellFormedBytes(text) == text.size() ? text : "no UTF-8",
          score, type));
    }
    description_.tokens.push_back(std::move(text));
    description_.scores.push_back(score);
    description_.types.push_back(static_cast<TokenType>(type));
    return absl::OkStatus();
  }

  absl::Status ReadTrainer(std::string_view bytes) {
    return ForEachField(bytes, "trainer_spec", [&](const WireField& field) -> absl::Status {
      if (field.type != 0) return absl::OkStatus();
      if (field.number == 3) settings_.model_type = field.value;
      if (field.number == 24) settings_.spaces_behind_words = field.value != 0;
      if (field.number == 35) settings_.byte_fallback = field.value != 0;
      if (field.number == 41) settings_.begin = static_cast<int32_t>(field.value);
      if (field.number == 42) settings_.end = static_cast<int32_t>(field.value);
      return absl::OkStatus();
    });
  }

  absl::Status ReadNormalizer(std::string_view bytes) {
    return ForEachField(bytes, "normalizer_spec", [&](const WireField& field) -> absl::Status {
      if (field.number == 2 && field.type == 2) settings_.character_map = field.bytes;
      if (field.type != 0) return absl::OkStatus();
      if (field.number == 3) settings_.adds_dummy_prefix = field.value != 0;
      if (field.number == 4) settings_.removes_extra_spaces = field.value != 0;
      if (field.number == 5) settings_.escapes_spaces = field.value != 0;
      return absl::OkStatus();
    });
  }

  absl::Status CheckSettings() const {
    const auto unsupported = [&](const std::string& what) {
      return absl::UnimplementedError(
          fmt::format("{}: {} is not supported", description_.source, what));
    };
    if (settings_.model_type != kUnigram && settings_.model_type != kBytePairs) {
      return unsupported(
          fmt::format("trainer_spec.model_type {} (supported are 1, unigram, and 2, BPE)",
                      settings_.model_type));
    }
    if (settings_.spaces_behind_words) {
      return unsupported("trainer_spec.treat_whitespace_as_suffix");
    }
    if (!settings_.escapes_spaces) return unsupported("normalizer_spec without escape_whitespaces");
    return absl::OkStatus();
  }

  void AddSpecialTokens(bool adds_space_to_all) {
    for (int32_t id = 0; id < description_.size(); ++id) {
      const TokenType type = description_.types[id];
      if (type == TokenType::kUnknown && !description_.unknown.has_value()) {
        description_.unknown = id;
      }
      const bool user_defined = type == TokenType::kUserDefined;
      if (!user_defined && type != TokenType::kUnknown && type != TokenType::kControl) continue;
      // User-defined pieces are stored in the form that they have in normalised text.
      description_.added_tokens.push_back({.id = id,
                                           .text = description_.tokens[id],
                                           .special = !user_defined,
                                           .normalized = user_defined && !adds_space_to_all});
    }
  }

  void AddSteps(bool adds_space_to_all) {
    if (!settings_.character_map.empty()) {
      description_.normalizer.push_back(CharacterMapStep{
          .compiled = std::move(settings_.character_map), .unit = CharacterMapUnit::kPrefix});
    }
    if (settings_.removes_extra_spaces) description_.normalizer.push_back(CollapseSpacesStep{});
    if (settings_.adds_dummy_prefix) {
      description_.normalizer.push_back(
          PrependStep{.content = std::string(kMarkedSpace), .only_at_start = !adds_space_to_all});
    }
    const std::string space(kMarkedSpace);
    description_.normalizer.push_back(
        ReplaceStep{.pattern = {.text = " ", .is_expression = false}, .content = space});
    description_.decoder = {
        ReplaceStep{.pattern = {.text = space, .is_expression = false}, .content = " "},
        ByteFallbackDecoderStep{}, FuseDecoderStep{}};
    constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
    const int64_t leading_spaces =
        settings_.removes_extra_spaces ? kAll : (settings_.adds_dummy_prefix ? 1 : 0);
    if (leading_spaces > 0) {
      description_.decoder.push_back(
          StripDecoderStep{.character = " ", .left = leading_spaces, .right = 0});
    }
  }

  TokenizerDescription description_;
  Settings settings_;
};

}  // namespace

absl::StatusOr<TokenizerDescription> ReadSentencePieceModel(std::string_view bytes,
                                                            const std::string& file,
                                                            bool adds_space_to_all) {
  ModelReader reader(file);
  STRATA_RETURN_IF_ERROR(reader.ReadModel(bytes));
  return reader.Finish(adds_space_to_all);
}

}  // namespace strata::evaluator

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "evaluator/tokenizer/gguf_pre_tokenizers.h"
#include "evaluator/tokenizer/tokenizer_json_components.h"
#include "evaluator/tokenizer/tokenizer_json_pipeline.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr const char* kPunctuation = R"([!-/:-@\[-`{-~\p{P}])";

absl::StatusOr<SplitBehavior> ReadBehavior(const JsonField& component) {
  STRATA_ASSIGN_OR_RETURN(const JsonField member, component.Member("behavior"));
  const std::pair<const char*, SplitBehavior> behaviors[] = {
      {"Removed", SplitBehavior::kRemoved},
      {"Isolated", SplitBehavior::kIsolated},
      {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
      {"MergedWithNext", SplitBehavior::kMergedWithNext},
      {"Contiguous", SplitBehavior::kContiguous}};
  for (const auto& [name, behavior] : behaviors) {
    if (member.value() == name) return behavior;
  }
  return member.Expected("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
}

absl::StatusOr<SplitStep> ReadSplit(const JsonField& component) {
  STRATA_ASSIGN_OR_RETURN(TextPattern pattern, ReadPattern(component));
  STRATA_ASSIGN_OR_RETURN(const SplitBehavior behavior, ReadBehavior(component));
  STRATA_ASSIGN_OR_RETURN(const bool inverted, component.BoolOr("invert", false));
  return SplitStep{.pattern = std::move(pattern), .behavior = behavior, .inverted = inverted};
}

SplitStep SplitAt(const char* expression, SplitBehavior behavior) {
  return {.pattern = {.text = expression, .is_expression = true}, .behavior = behavior};
}

// Returns the splits of a pre-tokenizer that does nothing but split; empty for any other.
std::vector<SplitStep> PlainSplits(const std::string& type) {
  constexpr const char* kSpace = "\\s";
  if (type == "WhitespaceSplit") return {SplitAt(kSpace, SplitBehavior::kRemoved)};
  if (type == "BertPreTokenizer") {
    return {SplitAt(kSpace, SplitBehavior::kRemoved),
            SplitAt(kPunctuation, SplitBehavior::kIsolated)};
  }
  if (type == "Whitespace") {
    // Words as Rust's regular expressions define them; join controls belong to words.
    SplitStep words = SplitAt(R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}]+)"
                              R"(|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}\s]+)",
                              SplitBehavior::kRemoved);
    words.inverted = true;
    return {words};
  }
  return {};
}

absl::Status ReadByteLevel(const JsonField& component, TokenizerDescription& description) {
  STRATA_ASSIGN_OR_RETURN(const bool adds_space, component.BoolOr("add_prefix_space", true));
  STRATA_ASSIGN_OR_RETURN(const bool uses_expression, component.BoolOr("use_regex", true));
  if (adds_space) description.pre_tokenizer.push_back(PrefixSpaceStep{});
  if (uses_expression) {
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
  if (type == "ByteLevel") return ReadByteLevel(component, description);
  if (type == "Split") {
    STRATA_ASSIGN_OR_RETURN(const SplitStep split, ReadSplit(component));
    description.pre_tokenizer.push_back(split);
  } else if (type == "Digits") {
    STRATA_ASSIGN_OR_RETURN(const bool single, component.BoolOr("individual_digits", false));
    description.pre_tokenizer.push_back(
        SplitAt("\\p{N}", single ? SplitBehavior::kIsolated : SplitBehavior::kContiguous));
  } else if (type == "Punctuation") {
    absl::StatusOr<SplitBehavior> behavior = SplitBehavior::kIsolated;
    if (component.Find("behavior").has_value()) behavior = ReadBehavior(component);
    if (!behavior.ok()) return behavior.status();
    description.pre_tokenizer.push_back(SplitAt(kPunctuation, *behavior));
  } else if (type == "CharDelimiterSplit") {
    STRATA_ASSIGN_OR_RETURN(const std::string delimiter, ReadCharacter(component, "delimiter"));
    description.pre_tokenizer.push_back(
        SplitStep{.pattern = {.text = delimiter}, .behavior = SplitBehavior::kRemoved});
  } else if (type == "Metaspace") {
    STRATA_ASSIGN_OR_RETURN(const MetaspaceStep space, ReadMetaspace(component));
    description.pre_tokenizer.push_back(space);
  } else if (const std::vector<SplitStep> splits = PlainSplits(type); !splits.empty()) {
    description.pre_tokenizer.insert(description.pre_tokenizer.end(), splits.begin(), splits.end());
  } else {
    return component.Unsupported(fmt::format("pre-tokenizer \"{}\"", type));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadPreTokenizers(const JsonField& json, TokenizerDescription& description) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> components,
                          Components(json, "pre_tokenizer", "pretokenizers"));
  for (const JsonField& component : components) {
    STRATA_ASSIGN_OR_RETURN(const std::string type, component.Member("type")->String());
    absl::Status status = ReadPreTokenizer(component, type, description);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator

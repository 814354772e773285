#include "evaluator/checkpoint/gguf_tokenizer_metadata.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "evaluator/files/file_system.h"
#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefault = "default";

absl::StatusOr<std::string> ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileStatus(errno, "open", path.string());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Reads the templates of tokenizer_config.json, one text or a list of names and texts.
absl::Status ReadConfigTemplates(const std::string& folder,
                                 std::map<std::string, std::string>* templates) {
  const fs::path path = fs::path(folder) / "tokenizer_config.json";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return absl::OkStatus();
  STRATA_ASSIGN_OR_RETURN(const nlohmann::json json, ReadJsonFile(path.string()));
  const std::optional<JsonField> field = JsonField(json, path.string()).Find("chat_template");
  if (!field.has_value()) return absl::OkStatus();
  if (field->value().is_string()) {
    (*templates)[kDefault] = field->value().get<std::string>();
    return absl::OkStatus();
  }
  STRATA_ASSIGN_OR_RETURN(const std::vector<JsonField> items, field->Items());
  for (const JsonField& item : items) {
    STRATA_ASSIGN_OR_RETURN(const JsonField name_field, item.Member("name"));
    STRATA_ASSIGN_OR_RETURN(const JsonField text_field, item.Member("template"));
    STRATA_ASSIGN_OR_RETURN(const std::string name, name_field.String());
    STRATA_ASSIGN_OR_RETURN(const std::string text, text_field.String());
    (*templates)[name] = text;
  }
  return absl::OkStatus();
}

// As in transformers, templates in files of their own replace those of tokenizer_config.json.
absl::StatusOr<std::map<std::string, std::string>> ReadTemplates(const std::string& folder) {
  std::map<std::string, fs::path> files;
  const fs::path of_default = fs::path(folder) / "chat_template.jinja";
  const fs::path others = fs::path(folder) / "additional_chat_templates";
  std::error_code error;
  if (fs::exists(of_default, error)) files[kDefault] = of_default;
  if (fs::is_directory(others, error)) {
    fs::directory_iterator entries(others, error);
    if (error) return FileStatus(error.value(), "list the folder", others.string());
    for (const fs::directory_entry& entry : entries) {
      if (entry.path().extension() == ".jinja") files[entry.path().stem().string()] = entry.path();
    }
  }
  std::map<std::string, std::string> templates;
  if (files.empty()) STRATA_RETURN_IF_ERROR(ReadConfigTemplates(folder, &templates));
  for (const auto& [name, path] : files) {
    STRATA_ASSIGN_OR_RETURN(std::string text, ReadText(path));
    templates[name] = std::move(text);
  }
  return templates;
}

// True if readers of GGUF would normalise text as the tokenizer does: spaces become U+2581, and one
// U+2581 may be put before the text. Sets `adds_space` if one is put there.
bool HasGgufNormalizer(const TokenizerDescription& tokenizer, bool* adds_space) {
  constexpr const char* kMarkedSpace = "\u2581";
  *adds_space = false;
  bool marks_spaces = false;
  for (const NormalizerStep& step : tokenizer.normalizer) {
    const auto* replace = std::get_if<ReplaceStep>(&step);
    const auto* prepend = std::get_if<PrependStep>(&step);
    if (replace != nullptr && replace->pattern.text == " " && !replace->pattern.is_expression &&
        replace->content == kMarkedSpace) {
      marks_spaces = true;
    } else if (prepend != nullptr && prepend->content == kMarkedSpace && !marks_spaces) {
      *adds_space = true;
    } else {
      return false;
    }
  }
  return marks_spaces;
}

// Adds the tokens, their kinds, and those that stand before and after texts.
void AddVocabulary(const TokenizerDescription& tokenizer, int64_t vocabulary,
                   GgufMetadata* metadata) {
  // Rows of the embedding beyond the tokenizer's vocabulary get padding tokens.
  std::vector<std::string> tokens = tokenizer.tokens;
  for (size_t id = tokens.size(); id < static_cast<size_t>(vocabulary); ++id) {
    tokens.push_back(fmt::format("[PAD{}]", id));
  }
  std::vector<int32_t> types;
  for (const TokenType type : tokenizer.types) types.push_back(static_cast<int32_t>(type));
  types.resize(tokens.size(), static_cast<int32_t>(TokenType::kUnused));
  metadata->Texts("tokenizer.ggml.tokens", tokens);
  metadata->Int32s("tokenizer.ggml.token_type", types);
  const std::pair<const char*, std::optional<int32_t>> ids[] = {
      {"tokenizer.ggml.bos_token_id", tokenizer.begin},
      {"tokenizer.ggml.eos_token_id", tokenizer.end},
      {"tokenizer.ggml.unknown_token_id", tokenizer.unknown}};
  for (const auto& [key, id] : ids) {
    if (id.has_value()) metadata->Uint32(key, static_cast<uint32_t>(*id));
  }
  metadata->Bool("tokenizer.ggml.add_bos_token", tokenizer.adds_begin);
  metadata->Bool("tokenizer.ggml.add_eos_token", tokenizer.adds_end);
}

absl::Status Refuse(const TokenizerDescription& tokenizer, const std::string& what) {
  return absl::UnimplementedError(fmt::format(
      "{}: a GGUF file cannot hold {}; write a directory instead", tokenizer.source, what));
}

std::string NameOf(const NormalizerStep& step) {
  if (std::holds_alternative<UnicodeForm>(step)) return "another Unicode form than NFC";
  if (std::holds_alternative<ReplaceStep>(step)) return "a replacement";
  if (std::holds_alternative<PrependStep>(step)) return "a text put in front";
  if (std::holds_alternative<LowercaseStep>(step)) return "Lowercase";
  if (std::holds_alternative<StripMarksStep>(step)) return "StripAccents";
  if (std::holds_alternative<StripSpacesStep>(step)) return "Strip";
  if (std::holds_alternative<CharacterMapStep>(step)) return "Precompiled";
  return "BertNormalizer";
}

// Readers of GGUF do not normalise text of byte-level vocabularies. NFC is let pass, because they
// run the models that have it (Qwen) without it.
absl::Status CheckByteLevelNormalizer(const TokenizerDescription& tokenizer) {
  for (const NormalizerStep& step : tokenizer.normalizer) {
    const auto* form = std::get_if<UnicodeForm>(&step);
    if (form != nullptr && *form == UnicodeForm::kNfc) continue;
    return Refuse(tokenizer, fmt::format("the normaliser of its tokenizer ({})", NameOf(step)));
  }
  return absl::OkStatus();
}

absl::Status CheckAddedTokens(const TokenizerDescription& tokenizer) {
  for (const AddedToken& token : tokenizer.added_tokens) {
    const std::pair<const char*, bool> flags[] = {{"lstrip", token.strips_left},
                                                  {"rstrip", token.strips_right},
                                                  {"single_word", token.single_word}};
    for (const auto& [name, is_set] : flags) {
      if (!is_set) continue;
      return Refuse(tokenizer, fmt::format("{} of its added token \"{}\"", name, token.text));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AddTokenizer(const TokenizerDescription& tokenizer, int64_t vocabulary,
                          GgufMetadata* metadata) {
  STRATA_RETURN_IF_ERROR(CheckAddedTokens(tokenizer));
  if (tokenizer.scheme == TokenizerScheme::kRankedMerges && tokenizer.byte_level) {
    STRATA_RETURN_IF_ERROR(CheckByteLevelNormalizer(tokenizer));
    STRATA_ASSIGN_OR_RETURN(const std::string name, GgufPreTokenizerName(tokenizer));
    metadata->Text("tokenizer.ggml.model", "gpt2");
    metadata->Text("tokenizer.ggml.pre", name);
    metadata->Texts("tokenizer.ggml.merges", MergeTexts(tokenizer));
  } else if (tokenizer.scheme == TokenizerScheme::kScoredMerges) {
    bool adds_space = false;
    if (!HasGgufNormalizer(tokenizer, &adds_space)) {
      return absl::UnimplementedError(fmt::format(
          "{}: the tokenizer normalises text otherwise than readers of GGUF do; write a directory "
          "instead",
          tokenizer.source));
    }
    metadata->Text("tokenizer.ggml.model", "llama");
    metadata->Bool("tokenizer.ggml.add_space_prefix", adds_space);
    std::vector<float> scores(tokenizer.scores.begin(), tokenizer.scores.end());
    scores.resize(static_cast<size_t>(vocabulary));
    metadata->Float32s("tokenizer.ggml.scores", scores);
  } else {
    return absl::UnimplementedError(
        fmt::format("{}: a GGUF file can hold a byte-level or a SentencePiece tokenizer with "
                    "scored merges, and this is neither; write a directory instead",
                    tokenizer.source));
  }
  AddVocabulary(tokenizer, vocabulary, metadata);
  return absl::OkStatus();
}

absl::Status AddChatTemplates(const std::string& folder, GgufMetadata* metadata) {
  STRATA_ASSIGN_OR_RETURN(const auto templates, ReadTemplates(folder));
  std::vector<std::string> names;
  for (const auto& [name, text] : templates) {
    if (name == kDefault) {
      metadata->Text("tokenizer.chat_template", text);
      continue;
    }
    metadata->Text(fmt::format("tokenizer.chat_template.{}", name), text);
    names.push_back(name);
  }
  if (!names.empty()) metadata->Texts("tokenizer.chat_templates", names);
  return absl::OkStatus();
}

absl::Status CheckWrittenTokenizer(const TokenizerDescription& tokenizer, const std::string& path) {
  // Words, digits behind spaces, white space of several kinds, several scripts; in the form NFC.
  constexpr const char* kProbe =
      "  Hello, World! It's 7 o'clock in 1984 and x2 = 35.  \tTwo\n\n  lines 1 \r\nend "
      "\u00c9t\u00e9 \u4e2d\u6587 \u0440\u0443\u0441 \u0663 \U0001f600 don't WE'LL a1b22c333 "
      "__init__(self):  ";
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Tokenizer> source, MakeTokenizer(tokenizer));
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Tokenizer> written, OpenTokenizer(path));
  const std::vector<int32_t> expected = source->Encode(kProbe);
  const std::vector<int32_t> found = written->Encode(kProbe);
  const bool same_ends = source->begin_token() == written->begin_token() &&
                         source->appends_end_token() == written->appends_end_token();
  if (expected == found && same_ends) return absl::OkStatus();
  return Refuse(tokenizer, "its tokenizer: read from the file, it encodes a text otherwise");
}

}  // namespace strata::evaluator

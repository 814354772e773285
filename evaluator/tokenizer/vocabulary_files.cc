#include "evaluator/tokenizer/vocabulary_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <utility>

#include "evaluator/files/file_system.h"
#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/gguf_pre_tokenizers.h"
#include "evaluator/tokenizer/tokenizer_json.h"
#include "evaluator/tokenizer/vocabulary_builder.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::Status ReadMerges(const std::string& path, VocabularyBuilder& builder) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileStatus(errno, "be opened", path);
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.starts_with("#version")) continue;
    if (absl::Status status = builder.AddMerge(line); !status.ok()) {
      return {status.code(), fmt::format("{}: {}", path, std::string(status.message()))};
    }
  }
  return absl::OkStatus();
}

absl::Status AddSteps(const std::string& directory, const TokenizerConfig& config,
                      TokenizerDescription& description) {
  std::string name = config.tokenizer_class;
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  const bool is_qwen2 = name == "Qwen2Tokenizer";
  if (!is_qwen2 && name != "GPT2Tokenizer" && !name.empty()) {
    return absl::UnimplementedError(
        fmt::format("{}/tokenizer_config.json: tokenizer_class \"{}\" is not supported without a "
                    "tokenizer.json; supported are GPT2Tokenizer and Qwen2Tokenizer",
                    directory, config.tokenizer_class));
  }
  STRATA_ASSIGN_OR_RETURN(GgufPreTokenizer pre_tokenizer,
                          FindGgufPreTokenizer(is_qwen2 ? "qwen2" : "gpt-2"));
  if (is_qwen2) description.normalizer.emplace_back(UnicodeForm::kNfc);
  if (config.adds_prefix_space.value_or(false)) {
    description.pre_tokenizer.emplace_back(PrefixSpaceStep{});
  }
  for (PreTokenizerStep& step : pre_tokenizer.steps) {
    description.pre_tokenizer.push_back(std::move(step));
  }
  description.decoder.emplace_back(ByteLevelDecoderStep{});
  description.byte_level = true;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TokenizerDescription> ReadVocabularyFiles(const std::string& directory,
                                                         const TokenizerConfig& config) {
  TokenizerDescription description;
  description.source = directory + "/vocab.json";
  VocabularyBuilder builder(description);
  STRATA_ASSIGN_OR_RETURN(const nlohmann::json vocabulary, ReadJsonFile(description.source));
  absl::Status status = ReadVocabularyObject(JsonField(vocabulary, description.source), builder);
  if (!status.ok()) return status;
  if (status = ReadMerges(directory + "/merges.txt", builder); !status.ok()) return status;
  if (status = AddSteps(directory, config, description); !status.ok()) return status;
  builder.Finish();
  return description;
}

}  // namespace strata::evaluator

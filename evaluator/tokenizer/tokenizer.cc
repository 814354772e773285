#include "evaluator/tokenizer/tokenizer.h"

#include <filesystem>
#include <utility>

#include "evaluator/formats/gguf_file.h"
#include "evaluator/tokenizer/gguf_tokenizer.h"
#include "evaluator/tokenizer/hugging_face_tokenizer.h"
#include "evaluator/tokenizer/pipeline_tokenizer.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

absl::StatusOr<TokenizerDescription> ReadTokenizerDescription(const std::string& model_path) {
  if (std::filesystem::is_directory(model_path)) return ReadHuggingFaceTokenizer(model_path);
  const absl::StatusOr<std::unique_ptr<GgufFile>> file = GgufFile::Open(model_path);
  if (!file.ok()) return file.status();
  return ReadGgufTokenizer(**file);
}

absl::StatusOr<std::unique_ptr<Tokenizer>> MakeTokenizer(TokenizerDescription description) {
  return PipelineTokenizer::Create(std::move(description));
}

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const GgufFile& file) {
  absl::StatusOr<TokenizerDescription> description = ReadGgufTokenizer(file);
  if (!description.ok()) return description.status();
  return MakeTokenizer(*std::move(description));
}

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const std::string& model_path) {
  absl::StatusOr<TokenizerDescription> description = ReadTokenizerDescription(model_path);
  if (!description.ok()) return description.status();
  return MakeTokenizer(*std::move(description));
}

}  // namespace strata::evaluator

#include "evaluator/tokenizer/tokenizer.h"

#include <filesystem>
#include <utility>

#include "evaluator/formats/gguf_file.h"
#include "evaluator/tokenizer/gguf_tokenizer.h"
#include "evaluator/tokenizer/hugging_face_tokenizer.h"
#include "evaluator/tokenizer/pipeline_tokenizer.h"
#include "evaluator/tokenizer/tokenizer_description.h"
#include "expr/status_macros.h"

namespace strata::evaluator {

absl::StatusOr<TokenizerDescription> ReadTokenizerDescription(const std::string& model_path) {
  if (std::filesystem::is_directory(model_path)) return ReadHuggingFaceTokenizer(model_path);
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<GgufFile> file, GgufFile::Open(model_path));
  return ReadGgufTokenizer(*file);
}

absl::StatusOr<std::unique_ptr<Tokenizer>> MakeTokenizer(TokenizerDescription description) {
  return PipelineTokenizer::Create(std::move(description));
}

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const GgufFile& file) {
  STRATA_ASSIGN_OR_RETURN(TokenizerDescription description, ReadGgufTokenizer(file));
  return MakeTokenizer(std::move(description));
}

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const std::string& model_path) {
  STRATA_ASSIGN_OR_RETURN(TokenizerDescription description, ReadTokenizerDescription(model_path));
  return MakeTokenizer(std::move(description));
}

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const std::string& model_path,
                                                         int64_t embedding_rows) {
  STRATA_ASSIGN_OR_RETURN(TokenizerDescription description, ReadTokenizerDescription(model_path));
  STRATA_RETURN_IF_ERROR(CheckRows(description, embedding_rows));
  return MakeTokenizer(std::move(description));
}

}  // namespace strata::evaluator

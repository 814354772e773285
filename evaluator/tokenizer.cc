#include "evaluator/tokenizer.h"

#include <fmt/format.h>

#include "evaluator/byte_level_tokenizer.h"
#include "evaluator/gguf_file.h"
#include "evaluator/sentencepiece_tokenizer.h"

namespace strata::evaluator {

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const GgufFile& file) {
  const absl::StatusOr<std::string> kind = file.String("tokenizer.ggml.model");
  if (!kind.ok()) return kind.status();
  if (*kind == "gpt2") return OpenByteLevelTokenizer(file);
  if (*kind == "llama") return OpenSentencePieceTokenizer(file);
  return absl::UnimplementedError(
      fmt::format("{}: tokenizer \"{}\" is not supported; supported are gpt2 (byte-level) and "
                  "llama (SentencePiece)",
                  file.path(), *kind));
}

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const std::string& model_path) {
  const absl::StatusOr<std::unique_ptr<GgufFile>> file = GgufFile::Open(model_path);
  if (!file.ok()) return file.status();
  return OpenTokenizer(**file);
}

}  // namespace strata::evaluator

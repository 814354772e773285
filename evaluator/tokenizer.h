// Text to token ids. Thread-compatible; const methods may be called from several threads.
#ifndef STRATA_EVALUATOR_TOKENIZER_H_
#define STRATA_EVALUATOR_TOKENIZER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace strata::evaluator {

class GgufFile;

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Ids of the text alone, without begin or end tokens. `text` is UTF-8; malformed bytes are
  // tokenised as the byte-level alphabet does, never dropped.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;
  virtual std::string Decode(const std::vector<int32_t>& ids) const = 0;
  virtual int vocabulary_size() const = 0;

  // Token put in front of a text where the model was trained so, else -1.
  virtual int32_t begin_token() const = 0;
};

// The tokenizer stored in a GGUF file. Unimplemented names the kind found and the kinds supported.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const GgufFile& file);

// Convenience for a path.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const std::string& model_path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_H_

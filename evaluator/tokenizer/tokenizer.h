// Text to token ids. Thread-compatible; const methods may be called from several threads.
#ifndef STRATA_EVALUATOR_TOKENIZER_H_
#define STRATA_EVALUATOR_TOKENIZER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strata::evaluator {

class GgufFile;
struct TokenizerDescription;

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Ids of the text alone, without begin or end tokens; special tokens written in it are found.
  // `text` is UTF-8; malformed bytes are tokenised as the bytes they are. Characters and bytes that
  // the vocabulary lacks become its unknown token; without one they are dropped, as the reference
  // implementations do. Throws std::runtime_error if a regular expression of the tokenizer's file
  // goes beyond its limit of steps on this text; those of the supported families never do.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;
  // `ids` are of the vocabulary.
  virtual std::string Decode(const std::vector<int32_t>& ids) const = 0;
  virtual int vocabulary_size() const = 0;

  // Token put in front of a text where the model was trained so, else -1.
  virtual int32_t begin_token() const = 0;
  // Token that ends a text, at which generation stops; -1 if the file names none.
  virtual int32_t end_token() const { return -1; }
  // Whether the end token is put behind every text.
  virtual bool appends_end_token() const { return false; }
  // Id of the token with this text, as the vocabulary writes it.
  virtual std::optional<int32_t> IdOf(std::string_view /*token*/) const { return std::nullopt; }
};

// The tokenizer of a model: that inside a GGUF file, or that of a Hugging Face directory. Of a
// directory, tokenizer.json is read; if absent, tokenizer.model (SentencePiece); if absent,
// vocab.json with merges.txt. Begin and end tokens follow tokenizer_config.json where it has
// add_bos_token or add_eos_token, else the post-processor of tokenizer.json; their names come from
// tokenizer_config.json, special_tokens_map.json, or config.json.
//
// NotFound names what was looked for; InvalidArgument the file and field that is wrong;
// Unimplemented the component that is not supported.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const std::string& model_path);

// The tokenizer stored in a GGUF file that is open already.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const GgufFile& file);

absl::StatusOr<std::unique_ptr<Tokenizer>> MakeTokenizer(TokenizerDescription description);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_H_

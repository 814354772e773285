// Turns text into token ids. Thread-compatible; const methods may be called from several threads.
#ifndef STRATA_EVALUATOR_TOKENIZER_TOKENIZER_H_
#define STRATA_EVALUATOR_TOKENIZER_TOKENIZER_H_

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

  // Returns the ids of the text alone, without begin or end tokens. Special tokens that are written
  // in the text are found. `text` is UTF-8; malformed bytes are tokenised as the bytes they are.
  // Characters and bytes that the vocabulary lacks become its unknown token. If there is none they
  // are dropped, as in the reference implementations. Throws std::runtime_error if a regular
  // expression of the tokenizer's file exceeds its limit of steps on this text; those of the
  // supported families never do.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;
  // Returns the text of `ids`. An id without a token gives nothing, as in transformers: a model can
  // have more rows than its tokenizer has tokens.
  virtual std::string Decode(const std::vector<int32_t>& ids) const = 0;
  virtual int vocabulary_size() const = 0;

  // Token that is put before a text if the model was trained so; otherwise -1.
  virtual int32_t begin_token() const = 0;
  // Token that ends a text and at which generation stops; -1 if the file names none.
  virtual int32_t end_token() const { return -1; }
  // True if the end token is put behind every text.
  virtual bool appends_end_token() const { return false; }
  // Id of the token with this text, as the vocabulary writes it; nullopt if there is none.
  virtual std::optional<int32_t> IdOf(std::string_view /*token*/) const { return std::nullopt; }
};

// Opens the tokenizer of a model: that inside a GGUF file, or that of a Hugging Face directory. In
// a directory, tokenizer.json is read; if it is absent, tokenizer.model (SentencePiece); if that is
// absent, vocab.json with merges.txt. As in transformers 5, begin and end tokens are added as the
// post-processor of tokenizer.json says; add_bos_token and add_eos_token of tokenizer_config.json
// count only without a tokenizer.json. Their names come from tokenizer_config.json,
// special_tokens_map.json, or config.json. A null in the first two means that there is no such
// token, unless the other of the two names one.
//
// Errors: NotFound names the files that were looked for, InvalidArgument the file and field that is
// wrong, Unimplemented the component that is not supported.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const std::string& model_path);

// The same for a model whose embedding has this many rows. Errors: also those of CheckRows
// (tokenizer_description.h).
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const std::string& model_path,
                                                         int64_t embedding_rows);

// Opens the tokenizer stored in a GGUF file that is already open.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const GgufFile& file);

absl::StatusOr<std::unique_ptr<Tokenizer>> MakeTokenizer(TokenizerDescription description);

// Returns the names of the files of a Hugging Face directory that decide how it tokenises, besides
// config.json; empty if it has no tokenizer.
std::vector<std::string> TokenizerFiles(const std::string& directory);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TOKENIZER_H_

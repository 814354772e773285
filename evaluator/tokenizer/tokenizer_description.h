// A description of a tokenizer that is the same for every file format. One reader per format fills
// it, one tokenizer is built from it, and a writer of another format finds everything here.
#ifndef STRATA_EVALUATOR_TOKENIZER_TOKENIZER_DESCRIPTION_H_
#define STRATA_EVALUATOR_TOKENIZER_TOKENIZER_DESCRIPTION_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/tokenizer/tokenizer_steps.h"

namespace strata::evaluator {

// Values of GGUF's tokenizer.ggml.token_type.
enum class TokenType : int64_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

// A token that is found in text as it stands, before the text is cut.
struct AddedToken {
  int32_t id = 0;
  std::string text;
  bool special = true;
  bool normalized = false;   // its normalised form is looked for in normalised text
  bool single_word = false;  // found only if no word character touches it
  bool strips_left = false;  // takes the spaces before it
  bool strips_right = false;
};

enum class TokenizerScheme {
  kRankedMerges,  // byte-pair encoding by the rank of merges
  kScoredMerges,  // SentencePiece's: two symbols merge if together they are a token, best score
                  // first
  kUnigram        // the segmentation with the highest sum of scores
};

struct MergeRule {  // ids; its place in the list is its rank
  int32_t left = 0;
  int32_t right = 0;
  int32_t merged = 0;
};

struct TokenizerDescription {
  std::string source;  // file, for messages
  TokenizerScheme scheme = TokenizerScheme::kRankedMerges;

  std::vector<std::string> tokens;  // by id, in the alphabet of the scheme; unused ids are empty
  std::vector<TokenType> types;     // one per token
  std::vector<double> scores;       // one per token, no NaN; empty for ranked merges
  std::vector<MergeRule> merges;    // only for ranked merges; the last of equal pairs counts
  std::vector<AddedToken> added_tokens;

  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> pre_tokenizer;
  std::vector<DecoderStep> decoder;

  bool byte_level = false;         // symbols are bytes, written in the byte alphabet
  bool byte_fallback = false;      // characters that are no token become <0xAB> tokens
  bool ignores_merges = false;     // a piece that is a token becomes that token
  bool fuses_unknown = false;      // neighbouring unknown characters become one unknown token
  std::optional<int32_t> unknown;  // absent: characters without a token are dropped

  std::optional<int32_t> begin;  // named by the file, whether or not it is added
  std::optional<int32_t> end;
  bool adds_begin = false;  // to every text; only with `begin`
  bool adds_end = false;

  int32_t size() const { return static_cast<int32_t>(tokens.size()); }
};

// Returns the merges as merges.txt and GGUF have them: "left right", in order of rank.
std::vector<std::string> MergeTexts(const TokenizerDescription& description);

// Returns the value of GGUF's tokenizer.ggml.pre for a byte-level pre-tokenizer. Errors:
// Unimplemented, with the known names, if it has none.
absl::StatusOr<std::string> GgufPreTokenizerName(const TokenizerDescription& description);

// Checks that lengths agree and that ids lie within the vocabulary. Every reader ends with this
// check. Errors: InvalidArgument, naming file and field.
absl::Status Validate(const TokenizerDescription& description);

// Checks that a model whose embedding has this many rows has one for every token that plain text
// can become, and for the begin and end tokens that are added to every text. Special tokens may
// lack a row (Gemma 3's image token does): such an id is refused where it occurs. Rows without a
// token are allowed. Errors: InvalidArgument with both sizes and the first token without a row.
absl::Status CheckRows(const TokenizerDescription& description, int64_t embedding_rows);

// Reads the tokenizer of a GGUF file or a Hugging Face directory; see OpenTokenizer.
absl::StatusOr<TokenizerDescription> ReadTokenizerDescription(const std::string& model_path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TOKENIZER_DESCRIPTION_H_

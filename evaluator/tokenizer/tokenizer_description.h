// What a tokenizer is, whatever file it was read from: one reader per format fills this, one
// tokenizer is built from it, and a writer of another format finds everything here. Private to
// evaluator/.
#ifndef STRATA_EVALUATOR_TOKENIZER_DESCRIPTION_H_
#define STRATA_EVALUATOR_TOKENIZER_DESCRIPTION_H_

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

// A token that is found in text as it stands, before anything is cut.
struct AddedToken {
  int32_t id = 0;
  std::string text;
  bool special = true;
  bool normalized = false;   // its normalised form is looked for in normalised text
  bool single_word = false;  // only where no word character touches it
  bool strips_left = false;  // takes the spaces before it
  bool strips_right = false;
};

enum class TokenizerScheme {
  kRankedMerges,  // byte-pair encoding by the rank of merges
  kScoredMerges,  // SentencePiece's: two symbols merge if together they are a token, best score
                  // first
  kUnigram,       // the segmentation of the highest summed score
  kWordPiece      // from the left the longest token each; a word without is unknown (BERT)
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
  std::vector<TokenType> types;     // as many
  std::vector<double> scores;       // as many, no NaN; empty for ranked merges and word pieces
  std::vector<MergeRule> merges;    // of ranked merges; of equal pairs the last counts
  std::vector<AddedToken> added_tokens;

  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> pre_tokenizer;
  std::vector<DecoderStep> decoder;

  bool byte_level = false;         // symbols are bytes, written in the byte alphabet
  bool byte_fallback = false;      // characters that are no token become <0xAB> tokens
  bool ignores_merges = false;     // a piece that is a token is that token
  bool fuses_unknown = false;      // neighbouring unknown characters are one unknown token
  std::optional<int32_t> unknown;  // absent: characters without a token are dropped
  std::string continuing_prefix;   // of word pieces that do not begin a word
  int64_t longest_word = 0;        // in characters, of word pieces; a longer one is unknown

  std::optional<int32_t> begin;  // named by the file, whether or not it is added
  std::optional<int32_t> end;
  bool adds_begin = false;  // to every text; only with `begin`
  bool adds_end = false;

  int32_t size() const { return static_cast<int32_t>(tokens.size()); }
};

// Merges as merges.txt and GGUF have them, "left right" in order of rank.
std::vector<std::string> MergeTexts(const TokenizerDescription& description);

// Value of GGUF's tokenizer.ggml.pre for a byte-level pre-tokenizer. Unimplemented, with the names
// that are known, if it has none.
absl::StatusOr<std::string> GgufPreTokenizerName(const TokenizerDescription& description);

// That lengths agree and ids lie within the vocabulary; InvalidArgument names file and field. Every
// reader ends with it.
absl::Status Validate(const TokenizerDescription& description);

// Of a GGUF file or a Hugging Face directory: see OpenTokenizer.
absl::StatusOr<TokenizerDescription> ReadTokenizerDescription(const std::string& model_path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_DESCRIPTION_H_

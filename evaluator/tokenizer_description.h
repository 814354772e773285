// What a tokenizer is, whatever file it was read from: one reader per format fills this, one
// tokenizer is built from it, and a writer of another format finds everything here. Private to
// evaluator/.
#ifndef STRATA_EVALUATOR_TOKENIZER_DESCRIPTION_H_
#define STRATA_EVALUATOR_TOKENIZER_DESCRIPTION_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

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

// Text to look for: itself, or a regular expression (Oniguruma's, as tokenizer.json has them).
struct TextPattern {
  std::string text;
  bool is_expression = false;
};

// Steps of the normaliser, in the words of tokenizer.json.
enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };
struct ReplaceStep {
  TextPattern pattern;
  std::string content;
};
struct PrependStep {  // nothing is put before an empty text
  std::string content;
  bool only_at_start = false;  // of the whole text, not after special tokens
};
struct StripSpacesStep {
  bool left = true;
  bool right = true;
};
struct CollapseSpacesStep {};  // U+0020 at both ends go, runs of it are one (SentencePiece)
using NormalizerStep =
    std::variant<UnicodeForm, ReplaceStep, PrependStep, StripSpacesStep, CollapseSpacesStep>;

// Steps of the pre-tokenizer.
enum class SplitBehavior {
  kRemoved,             // matches go
  kIsolated,            // matches are pieces
  kMergedWithPrevious,  // a match ends the piece before it
  kMergedWithNext,      // a match begins the piece after it
  kContiguous           // neighbouring matches are one piece
};
struct SplitStep {
  TextPattern pattern;
  SplitBehavior behavior = SplitBehavior::kIsolated;
  bool inverted = false;  // what does not match is a match
};
struct PrefixSpaceStep {};  // a space before every piece that does not begin with one
enum class PrependScheme { kFirst, kNever, kAlways };
struct MetaspaceStep {
  std::string replacement;  // of a space
  PrependScheme scheme = PrependScheme::kAlways;
  bool splits = true;  // before every replacement
};
using PreTokenizerStep = std::variant<SplitStep, PrefixSpaceStep, MetaspaceStep>;

// Steps from the tokens' texts to one text.
struct ByteLevelDecoderStep {};     // tokens of the byte alphabet are bytes
struct ByteFallbackDecoderStep {};  // <0xAB> is the byte
struct FuseDecoderStep {};          // all tokens become one
struct StripDecoderStep {           // of every token, as long as the character is there
  std::string character;
  int64_t left = 0;
  int64_t right = 0;
};
struct MetaspaceDecoderStep {
  std::string replacement;
  bool drops_in_first = true;  // replacements in the first token are no spaces but go
};
struct SentencePieceDecoderStep {  // U+2581 is a space
  bool drops_added_space = true;   // one leading space of the text and after every special token
};
using DecoderStep =
    std::variant<ReplaceStep, ByteLevelDecoderStep, ByteFallbackDecoderStep, FuseDecoderStep,
                 StripDecoderStep, MetaspaceDecoderStep, SentencePieceDecoderStep>;

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
  kUnigram        // the segmentation of the highest summed score
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
  std::vector<double> scores;       // as many, no NaN; empty for ranked merges
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

  std::optional<int32_t> begin;  // named by the file, whether or not it is added
  std::optional<int32_t> end;
  bool adds_begin = false;  // to every text; only with `begin`
  bool adds_end = false;

  int32_t size() const { return static_cast<int32_t>(tokens.size()); }
};

// Merges as merges.txt and GGUF have them, "left right" in order of rank.
std::vector<std::string> MergeTexts(const TokenizerDescription& description);

// Value of GGUF's tokenizer.ggml.pre for a byte-level pre-tokenizer: gpt-2, smollm, llama-bpe or
// qwen2. Unimplemented if it is none of them.
absl::StatusOr<std::string> GgufPreTokenizerName(const TokenizerDescription& description);

// That lengths agree and ids lie within the vocabulary; InvalidArgument names file and field. Every
// reader ends with it.
absl::Status Validate(const TokenizerDescription& description);

// Of a GGUF file or a Hugging Face directory: see OpenTokenizer.
absl::StatusOr<TokenizerDescription> ReadTokenizerDescription(const std::string& model_path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_DESCRIPTION_H_

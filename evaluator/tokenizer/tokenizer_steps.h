// The steps that a tokenizer is made of, named as in tokenizer.json. Private to
// evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_TOKENIZER_STEPS_H_
#define STRATA_EVALUATOR_TOKENIZER_TOKENIZER_STEPS_H_

#include <cstdint>
#include <string>
#include <variant>

#include "evaluator/text/unicode.h"

namespace strata::evaluator {

// Text to look for: a literal text, or a regular expression in Oniguruma's syntax as in
// tokenizer.json.
struct TextPattern {
  std::string text;
  bool is_expression = false;
};

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
struct LowercaseStep {};  // character by character
struct StripMarksStep {   // removes combining marks
  bool only_nonspacing = false;
};
struct CleanTextStep {};     // removes control characters, makes white space spaces (BERT)
struct SpaceChineseStep {};  // a space on both sides of Chinese characters (BERT)
enum class CharacterMapUnit {
  kCluster,  // what users see as a character, as a whole or character by character (tokenizers)
  kPrefix    // the longest text that is mapped (SentencePiece)
};
struct CharacterMapStep {
  std::string compiled;  // SentencePiece's precompiled_charsmap
  CharacterMapUnit unit = CharacterMapUnit::kCluster;
};
// Follows SentencePiece: U+0020 is removed at both ends and U+2581 at the end, and a run of U+0020
// becomes one.
struct CollapseSpacesStep {};
using NormalizerStep =
    std::variant<UnicodeForm, ReplaceStep, PrependStep, StripSpacesStep, CollapseSpacesStep,
                 LowercaseStep, StripMarksStep, CleanTextStep, SpaceChineseStep, CharacterMapStep>;

// Steps of the pre-tokenizer.
enum class SplitBehavior {
  kRemoved,             // matches are removed
  kIsolated,            // matches are pieces
  kMergedWithPrevious,  // a match ends the piece before it
  kMergedWithNext,      // a match begins the piece after it
  kContiguous           // neighbouring matches are one piece
};
struct SplitStep {
  TextPattern pattern;
  SplitBehavior behavior = SplitBehavior::kIsolated;
  bool inverted = false;  // text that does not match counts as a match
};
struct PrefixSpaceStep {};  // puts a space before every piece that does not begin with one
enum class PrependScheme { kFirst, kNever, kAlways };
struct MetaspaceStep {
  std::string replacement;  // for a space
  PrependScheme scheme = PrependScheme::kAlways;
  bool splits = true;  // cuts before every replacement
};
using PreTokenizerStep = std::variant<SplitStep, PrefixSpaceStep, MetaspaceStep>;

// Steps of the decoder, which turn the tokens' texts into one text.
struct ByteLevelDecoderStep {};     // tokens in the byte alphabet become bytes
struct ByteFallbackDecoderStep {};  // <0xAB> becomes the byte
struct FuseDecoderStep {};          // all tokens become one
struct StripDecoderStep {           // from every token, at most `left` and `right` times
  std::string character;
  int64_t left = 0;
  int64_t right = 0;
};
struct MetaspaceDecoderStep {
  std::string replacement;
  bool drops_in_first = true;  // removes replacements in the first token; others become spaces
};
struct SentencePieceDecoderStep {  // U+2581 becomes a space
  bool drops_added_space = true;   // removes a space at the start and after every special token
};
using DecoderStep =
    std::variant<ReplaceStep, ByteLevelDecoderStep, ByteFallbackDecoderStep, FuseDecoderStep,
                 StripDecoderStep, MetaspaceDecoderStep, SentencePieceDecoderStep>;

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TOKENIZER_STEPS_H_

// The steps that a tokenizer is made of, in the words of tokenizer.json. Private to evaluator/.
#ifndef STRATA_EVALUATOR_TOKENIZER_STEPS_H_
#define STRATA_EVALUATOR_TOKENIZER_STEPS_H_

#include <cstdint>
#include <string>
#include <variant>

namespace strata::evaluator {

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
struct LowercaseStep {};  // character by character
struct StripMarksStep {   // combining marks go
  bool only_nonspacing = false;
};
struct CleanTextStep {};     // control characters go, white space becomes spaces (BERT)
struct SpaceChineseStep {};  // a space on both sides of Chinese characters (BERT)
enum class CharacterMapUnit {
  kCluster,  // what users see as a character, as a whole or character by character (tokenizers)
  kPrefix    // the longest text that is mapped (SentencePiece)
};
struct CharacterMapStep {
  std::string compiled;  // SentencePiece's precompiled_charsmap
  CharacterMapUnit unit = CharacterMapUnit::kCluster;
};
// As SentencePiece: U+0020 at both ends and U+2581 at the last go, runs of U+0020 are one.
struct CollapseSpacesStep {};
using NormalizerStep =
    std::variant<UnicodeForm, ReplaceStep, PrependStep, StripSpacesStep, CollapseSpacesStep,
                 LowercaseStep, StripMarksStep, CleanTextStep, SpaceChineseStep, CharacterMapStep>;

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
struct WordPieceDecoderStep {
  std::string continuing_prefix;  // goes; tokens without it, but for the first, follow a space
  bool cleans_up = true;          // no spaces before punctuation and English contractions
};
using DecoderStep = std::variant<ReplaceStep, ByteLevelDecoderStep, ByteFallbackDecoderStep,
                                 FuseDecoderStep, StripDecoderStep, MetaspaceDecoderStep,
                                 SentencePieceDecoderStep, WordPieceDecoderStep>;

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_STEPS_H_

// Properties and normal forms of Unicode characters, from ICU.
#ifndef STRATA_EVALUATOR_TEXT_UNICODE_H_
#define STRATA_EVALUATOR_TEXT_UNICODE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace strata::evaluator {

// Returns the code point of the first `bytes` bytes of `text`, which CharacterBytes found
// well-formed.
uint32_t CodePoint(std::string_view text, size_t bytes);

bool IsWhiteSpace(uint32_t code);

// True if the character belongs to a word (UTS #18, annex C): if it is alphabetic, a mark, a
// decimal number, connector punctuation or a join control.
bool IsWordCharacter(uint32_t code);

// Number of bytes of white space at the start or the end of `text`. A malformed byte is not white
// space.
size_t LeadingSpaceBytes(std::string_view text);
size_t TrailingSpaceBytes(std::string_view text);

// True if the first or the last character of `text` is a word character.
bool BeginsWithWord(std::string_view text);
bool EndsWithWord(std::string_view text);

// Returns the number of bytes of each character as users see it (an extended grapheme cluster, UAX
// #29), in order. `text` must be well-formed.
std::vector<size_t> ClusterBytes(std::string_view text);

// Appends the lower case of one character, which may be two characters.
void AppendLowercase(uint32_t code, std::string& text);

bool IsMark(uint32_t code);            // a mark of any kind
bool IsNonspacingMark(uint32_t code);  // a mark that takes no room of its own
bool IsOther(uint32_t code);           // a control, format, surrogate or private-use character
bool IsChinese(uint32_t code);         // an ideograph by BERT's definition

// Number of columns that the character takes on a terminal: 2 if it is wide or fullwidth (UAX #11),
// 0 if it is a nonspacing or enclosing mark or a format character, otherwise 1.
size_t DisplayColumns(uint32_t code);

// The normal forms of Unicode (UAX #15).
enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

// Returns `text` in a normal form. Malformed bytes stay, and the texts on their two sides do not
// affect each other.
std::string InUnicodeForm(std::string_view text, UnicodeForm form);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TEXT_UNICODE_H_

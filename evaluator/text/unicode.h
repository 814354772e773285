// Properties and normal forms of Unicode characters (ICU). Private to evaluator/.
#ifndef STRATA_EVALUATOR_UNICODE_H_
#define STRATA_EVALUATOR_UNICODE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Code point of the `bytes` bytes that a text begins with, which CharacterBytes found well-formed.
uint32_t CodePoint(std::string_view text, size_t bytes);

bool IsWhiteSpace(uint32_t code);

// Of Unicode's words (UTS #18, annex C): alphabetic, mark, decimal number, connector punctuation or
// join control.
bool IsWordCharacter(uint32_t code);

// Bytes of white space that `text` begins or ends with; a malformed byte is none.
size_t LeadingSpaceBytes(std::string_view text);
size_t TrailingSpaceBytes(std::string_view text);

// Whether the first or the last character is one of words.
bool BeginsWithWord(std::string_view text);
bool EndsWithWord(std::string_view text);

// Bytes of each character as users see it (UAX #29, extended grapheme clusters), in order. `text`
// is well-formed.
std::vector<size_t> ClusterBytes(std::string_view text);

// The lower case of one character, which may be two.
void AppendLowercase(uint32_t code, std::string& text);

bool IsMark(uint32_t code);            // of any kind
bool IsNonspacingMark(uint32_t code);  // that takes no room of its own
bool IsOther(uint32_t code);           // control, format, surrogate or private
bool IsChinese(uint32_t code);         // an ideograph, as BERT counts them

// `text` in a normal form; malformed bytes stay and end the context of what is beside them.
std::string InUnicodeForm(std::string_view text, UnicodeForm form);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_UNICODE_H_

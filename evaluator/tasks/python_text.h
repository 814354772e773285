// Text operations that behave like those of Python's str, because the rules of
// lm-evaluation-harness use them. All texts are UTF-8; each malformed byte counts as a character.
#ifndef STRATA_EVALUATOR_TASKS_PYTHON_TEXT_H_
#define STRATA_EVALUATOR_TASKS_PYTHON_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace strata::tasks {

// Number of bytes of white space (str.isspace) at the beginning or the end of a text.
size_t LeadingWhiteSpaceBytes(std::string_view text);
size_t TrailingWhiteSpaceBytes(std::string_view text);

// str.strip().
std::string_view Strip(std::string_view text);

// len(text): code points.
int64_t CharacterCount(std::string_view text);

// len(re.split(r"\s+", text)), by which the harness counts words. White space at an end separates
// off an empty word, which counts too.
int64_t WordCount(std::string_view text);

// str.lower() and str.upper().
std::string Lowercase(std::string_view text);
std::string Uppercase(std::string_view text);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_PYTHON_TEXT_H_

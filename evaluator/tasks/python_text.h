// Operations on text as Python's str has them, because the rules of lm-evaluation-harness are
// written with them. All texts are UTF-8; malformed bytes count as characters of their own.
#ifndef STRATA_EVALUATOR_TASKS_PYTHON_TEXT_H_
#define STRATA_EVALUATOR_TASKS_PYTHON_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace strata::tasks {

// Bytes of the white space (str.isspace) that a text begins or ends with.
size_t LeadingWhiteSpaceBytes(std::string_view text);
size_t TrailingWhiteSpaceBytes(std::string_view text);

// str.strip().
std::string_view Strip(std::string_view text);

// len(text): code points.
int64_t CharacterCount(std::string_view text);

// len(re.split(r"\s+", text)): how the harness counts words. White space at an end is beside an
// empty word, which counts.
int64_t WordCount(std::string_view text);

// str.lower() and str.upper().
std::string Lowercase(std::string_view text);
std::string Uppercase(std::string_view text);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_PYTHON_TEXT_H_

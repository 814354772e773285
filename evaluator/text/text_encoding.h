// Refuses text that is not UTF-8.
#ifndef STRATA_EVALUATOR_TEXT_TEXT_ENCODING_H_
#define STRATA_EVALUATOR_TEXT_TEXT_ENCODING_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace strata::evaluator {

// The place of a piece of text in its file.
struct TextPlace {
  std::string file;
  int64_t line = 1;      // number of the first line, from 1
  int64_t position = 0;  // of the first byte, from 0
};

// Checks that `text` is well-formed UTF-8 (Unicode 15, table 3-7). Text of which a quarter or more
// are zero bytes is refused too: UTF-16 of English is such text. Time is linear. Errors:
// InvalidArgument with the file, line, byte and position of the first fault, and with the encoding
// that the bytes look like.
absl::Status CheckUtf8(std::string_view text, const TextPlace& place);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TEXT_TEXT_ENCODING_H_

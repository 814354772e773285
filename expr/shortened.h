// Texts of any length, cut for messages.
#ifndef STRATA_EXPR_SHORTENED_H_
#define STRATA_EXPR_SHORTENED_H_

#include <string>
#include <string_view>

namespace strata::expr {

// Returns the text itself if it has at most 60 bytes, otherwise its beginning and "...", 60 bytes
// at most. A UTF-8 character is not cut apart.
std::string Shortened(std::string_view text);

}  // namespace strata::expr

#endif  // STRATA_EXPR_SHORTENED_H_

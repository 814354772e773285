// The known name closest to a misspelled one, for error messages.
#ifndef STRATA_EXPR_NEAREST_NAME_H_
#define STRATA_EXPR_NEAREST_NAME_H_

#include <span>
#include <string_view>

namespace strata::expr {

// Returns the candidate with the fewest single-character edits, and the first of equally near ones.
// Returns an empty name if there are no candidates.
std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates);

// Searches the names and aliases of the operator table that can be written as words.
std::string_view NearestOperatorName(std::string_view name);

}  // namespace strata::expr

#endif  // STRATA_EXPR_NEAREST_NAME_H_

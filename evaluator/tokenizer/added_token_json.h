// The object that Hugging Face files write an added token as. Private to evaluator/.
#ifndef STRATA_EVALUATOR_ADDED_TOKEN_JSON_H_
#define STRATA_EVALUATOR_ADDED_TOKEN_JSON_H_

#include <absl/status/statusor.h>

#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// The text ("content") and the flags of a token, without its id. Flags that are absent are false,
// but for "special".
absl::StatusOr<AddedToken> ReadAddedToken(const JsonField& field, bool special_if_absent);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_ADDED_TOKEN_JSON_H_

// Functions that the readers of tokenizer.json's components share. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_TOKENIZER_JSON_COMPONENTS_H_
#define STRATA_EVALUATOR_TOKENIZER_TOKENIZER_JSON_COMPONENTS_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/tokenizer_description.h"
#include "evaluator/tokenizer/tokenizer_steps.h"

namespace strata::evaluator {

// Returns the components of `root`'s member `key`. A Sequence is replaced by its items, which lie
// under `items_key`. Each component has a member "type".
absl::StatusOr<std::vector<JsonField>> Components(const JsonField& root, const std::string& key,
                                                  const std::string& items_key);

// Reads a component's member "pattern".
absl::StatusOr<TextPattern> ReadPattern(const JsonField& component);
// Reads a component's members "pattern" and "content".
absl::StatusOr<ReplaceStep> ReadReplace(const JsonField& component);

// Reads a member that is one character.
absl::StatusOr<std::string> ReadCharacter(const JsonField& component, const std::string& key);

absl::StatusOr<MetaspaceStep> ReadMetaspace(const JsonField& component);

// Reads the text ("content") and the flags of a token, without its id. Absent flags are false,
// except that an absent "special" is `special_if_absent`.
absl::StatusOr<AddedToken> ReadAddedToken(const JsonField& field, bool special_if_absent);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TOKENIZER_JSON_COMPONENTS_H_

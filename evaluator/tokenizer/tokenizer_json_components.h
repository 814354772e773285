// What the readers of tokenizer.json's components share. Private to evaluator/.
#ifndef STRATA_EVALUATOR_TOKENIZER_JSON_COMPONENTS_H_
#define STRATA_EVALUATOR_TOKENIZER_JSON_COMPONENTS_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/tokenizer_steps.h"

namespace strata::evaluator {

// The components of `root`'s member `key`, with Sequences, whose items lie under `items_key`,
// replaced by their items. Each has a member "type".
absl::StatusOr<std::vector<JsonField>> Components(const JsonField& root, const std::string& key,
                                                  const std::string& items_key);

// Of a component with the members "pattern" and "content".
absl::StatusOr<TextPattern> ReadPattern(const JsonField& component);
absl::StatusOr<ReplaceStep> ReadReplace(const JsonField& component);

// A member that is one character.
absl::StatusOr<std::string> ReadCharacter(const JsonField& component, const std::string& key);

absl::StatusOr<MetaspaceStep> ReadMetaspace(const JsonField& component);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_JSON_COMPONENTS_H_

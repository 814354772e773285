#include "evaluator/tokenizer/added_token_json.h"

#include <string>
#include <utility>

namespace strata::evaluator {

absl::StatusOr<AddedToken> ReadAddedToken(const JsonField& field, bool special_if_absent) {
  AddedToken token;
  const absl::StatusOr<JsonField> content = field.Member("content");
  if (!content.ok()) return content.status();
  absl::StatusOr<std::string> text = content->String();
  if (!text.ok()) return text.status();
  token.text = *std::move(text);
  token.special = special_if_absent;
  const std::pair<const char*, bool*> flags[] = {{"special", &token.special},
                                                 {"normalized", &token.normalized},
                                                 {"single_word", &token.single_word},
                                                 {"lstrip", &token.strips_left},
                                                 {"rstrip", &token.strips_right}};
  for (const auto& [key, target] : flags) {
    const absl::StatusOr<bool> flag = field.BoolOr(key, *target);
    if (!flag.ok()) return flag.status();
    *target = *flag;
  }
  return token;
}

}  // namespace strata::evaluator

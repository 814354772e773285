// What the files beside a Hugging Face tokenizer say of its special tokens. Private to evaluator/.
#ifndef STRATA_EVALUATOR_TOKENIZER_CONFIG_H_
#define STRATA_EVALUATOR_TOKENIZER_CONFIG_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Of tokenizer_config.json, special_tokens_map.json and config.json, any of which may be absent.
struct TokenizerConfig {
  std::string tokenizer_class;  // empty if not named
  std::optional<bool> adds_begin;
  std::optional<bool> adds_end;
  std::optional<bool> adds_prefix_space;
  std::optional<bool> legacy;
  // Texts of bos_token, eos_token, unk_token, ... by those names, with their flags; no ids.
  std::map<std::string, AddedToken> named_tokens;
  std::map<int64_t, AddedToken> added_tokens;  // added_tokens_decoder, by id
  std::optional<int64_t> begin_id;             // of config.json
  std::optional<int64_t> end_id;               // the first, if it has several
};

// InvalidArgument names file and field.
absl::StatusOr<TokenizerConfig> ReadTokenizerConfig(const std::string& directory);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_CONFIG_H_

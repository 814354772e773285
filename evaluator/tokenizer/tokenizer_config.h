// Reads what the files beside a Hugging Face tokenizer say of its special tokens. Private to
// evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_TOKENIZER_CONFIG_H_
#define STRATA_EVALUATOR_TOKENIZER_TOKENIZER_CONFIG_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// The settings in tokenizer_config.json, special_tokens_map.json and config.json. Any of the files
// may be absent.
struct TokenizerConfig {
  std::string tokenizer_class;     // empty if not named
  std::optional<bool> adds_begin;  // null counts as false
  std::optional<bool> adds_end;
  std::optional<bool> adds_prefix_space;
  std::optional<bool> legacy;
  // The texts and flags of bos_token, eos_token, unk_token and others, by those names, without ids.
  std::map<std::string, AddedToken> named_tokens;
  // Names that a file of the tokenizer sets to null, and no file to a token: there is no such
  // token, whatever config.json says.
  std::set<std::string> denied_tokens;
  std::map<int64_t, AddedToken> added_tokens;  // added_tokens_decoder, by id
  std::optional<int64_t> begin_id;             // from config.json
  std::optional<int64_t> end_id;               // from config.json; the first, if it has several
};

// Errors: InvalidArgument, naming file and field.
absl::StatusOr<TokenizerConfig> ReadTokenizerConfig(const std::string& directory);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TOKENIZER_CONFIG_H_

// The part of a GGUF file's tokenizer that all kinds share. Private to evaluator/.
#ifndef STRATA_EVALUATOR_VOCABULARY_H_
#define STRATA_EVALUATOR_VOCABULARY_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/gguf_file.h"

namespace strata::evaluator {

// Values of tokenizer.ggml.token_type.
enum class TokenType : int64_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

struct Vocabulary {
  std::vector<std::string> tokens;  // by id
  std::vector<TokenType> types;     // as many; all normal where the file has none
  std::optional<int32_t> begin;
  std::optional<int32_t> unknown;
  std::optional<bool> adds_begin;  // tokenizer.ggml.add_bos_token

  int32_t size() const { return static_cast<int32_t>(tokens.size()); }
  bool IsSpecial(int32_t id) const {
    return types[id] == TokenType::kControl || types[id] == TokenType::kUserDefined ||
           types[id] == TokenType::kUnknown;
  }
};

// NotFound without tokens; InvalidArgument for lengths that differ, a type from outside the list,
// or an id outside the vocabulary.
absl::StatusOr<Vocabulary> ReadVocabulary(const GgufFile& file);

// The token that starts a text: that of the file where it or `by_default` asks for one, else -1.
// InvalidArgument if it is asked for and the file has none.
absl::StatusOr<int32_t> BeginToken(const GgufFile& file, const Vocabulary& vocabulary,
                                   bool by_default);

// A truth value of the metadata; nothing if absent.
absl::StatusOr<std::optional<bool>> ReadOptionalBool(const GgufFile& file, const std::string& key);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_VOCABULARY_H_

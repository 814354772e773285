// Tokens <0x00> to <0xFF>, which stand for bytes of characters that are no token. Private to
// evaluator/.
#ifndef STRATA_EVALUATOR_FALLBACK_BYTES_H_
#define STRATA_EVALUATOR_FALLBACK_BYTES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// The byte that a token of the form <0xAB> stands for.
std::optional<unsigned char> FallbackByte(std::string_view token);

class FallbackBytes {
 public:
  // None where the description has no byte fallback.
  explicit FallbackBytes(const TokenizerDescription& description);

  int32_t id(unsigned char byte) const { return ids_[byte]; }  // -1: no such token
  bool Has(std::string_view bytes) const;                      // tokens for all of them
  bool complete() const;                                       // tokens for all 256

 private:
  std::array<int32_t, 256> ids_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FALLBACK_BYTES_H_

// The tokens <0x00> to <0xFF>, which stand for the bytes of characters that are no token. Private
// to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_FALLBACK_BYTES_H_
#define STRATA_EVALUATOR_TOKENIZER_FALLBACK_BYTES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Returns the byte that a token of the form <0xAB> stands for; nullopt for any other token.
std::optional<unsigned char> FallbackByte(std::string_view token);

class FallbackBytes {
 public:
  // Holds no tokens if the description has no byte fallback.
  explicit FallbackBytes(const TokenizerDescription& description);

  int32_t id(unsigned char byte) const { return ids_[byte]; }  // -1: no such token
  bool Has(std::string_view bytes) const;                      // true if each has a token
  bool complete() const;                                       // true if all 256 bytes have one

 private:
  std::array<int32_t, 256> ids_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_FALLBACK_BYTES_H_

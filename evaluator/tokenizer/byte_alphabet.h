// The printable alphabet in which byte-level vocabularies write bytes. Private to
// evaluator/tokenizer/.
//
// Bytes that are visible Latin-1 characters (33-126, 161-172, 174-255) are written as the code
// points of the same value. The other 68 bytes, in increasing order, are written as the code points
// from 256 on. Source: the GPT-2 encoder of Radford et al. 2019.
#ifndef STRATA_EVALUATOR_TOKENIZER_BYTE_ALPHABET_H_
#define STRATA_EVALUATOR_TOKENIZER_BYTE_ALPHABET_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace strata::evaluator {

class ByteAlphabet {
 public:
  ByteAlphabet();

  // Returns the character that stands for a byte, in UTF-8.
  const std::string& symbol(unsigned char byte) const { return symbols_[byte]; }

  // Returns the bytes that `symbols` stand for; nullopt if a character is not in the alphabet.
  std::optional<std::string> Bytes(std::string_view symbols) const;

 private:
  std::array<std::string, 256> symbols_;
  std::array<int, 512> byte_of_code_;  // -1: not in the alphabet
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_BYTE_ALPHABET_H_

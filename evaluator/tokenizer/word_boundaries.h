// Finds where a text may be cut because no token reaches across. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_WORD_BOUNDARIES_H_
#define STRATA_EVALUATOR_TOKENIZER_WORD_BOUNDARIES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace strata::evaluator {

// The pairs of neighbouring characters that some token holds. If no token holds a pair, no merge
// can join the text on its left with the text on its right, so the two sides can be encoded on
// their own. In most vocabularies that is the case before every space. Pairs are stored as bits at
// their hash. Two pairs may share a bit, which only makes words longer.
class WordBoundaries {
 public:
  WordBoundaries();
  void AddToken(std::string_view token);

  // Number of bytes up to the first place where `text` may be cut: at least one character or
  // malformed byte; all of `text` if there is no such place.
  size_t WordBytes(std::string_view text) const;

 private:
  static size_t Bit(uint32_t left, uint32_t right) {
    return (left * 0x9E3779B1u ^ right * 0x85EBCA77u) >> 11;
  }
  std::vector<uint64_t> bits_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_WORD_BOUNDARIES_H_

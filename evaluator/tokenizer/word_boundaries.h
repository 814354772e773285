// Where a text may be cut because no token reaches across. Private to evaluator/.
#ifndef STRATA_EVALUATOR_WORD_BOUNDARIES_H_
#define STRATA_EVALUATOR_WORD_BOUNDARIES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace strata::evaluator {

// The pairs of neighbouring characters that some token holds. Between two that no token holds, no
// merge can join what is left with what is right, so that the sides can be encoded on their own:
// in most vocabularies that is before every space. Pairs are kept as bits at their hash, so that
// two may be taken for each other, which only makes words longer.
class WordBoundaries {
 public:
  WordBoundaries();
  void AddToken(std::string_view token);

  // Bytes of the longest prefix of `text` that can be encoded on its own, of at least one character
  // or malformed byte.
  size_t WordBytes(std::string_view text) const;

 private:
  static size_t Bit(uint32_t left, uint32_t right) {
    return (left * 0x9E3779B1u ^ right * 0x85EBCA77u) >> 11;
  }
  std::vector<uint64_t> bits_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_WORD_BOUNDARIES_H_

// Token sequences of any lengths laid end to end, so that the rows of a matrix product hold no
// padding, and what several sequences begin with is computed once.
#ifndef STRATA_EVALUATOR_PACKED_TOKENS_H_
#define STRATA_EVALUATOR_PACKED_TOKENS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace strata::evaluator {

// Consecutive rows that follow one another in a text.
struct TokenSegment {
  int64_t first_row = 0;
  int64_t rows = 0;  // at least 1
  // Index of the segment, itself without a prefix, whose tokens come right before these: they
  // attend to it and their positions go on from its end. -1: the segment starts at position 0.
  int64_t prefix = -1;
};

// Segments lie one after the other without gaps; a prefix lies before those that continue it, and
// its continuations right behind it, before the next segment without a prefix.
class TokenLayout {
 public:
  TokenLayout() = default;
  // `count` sequences of `tokens` each.
  static TokenLayout Windows(int64_t count, int64_t tokens);

  // Appends a segment and returns its index. `prefix`: the last segment without one, or -1.
  int64_t Add(int64_t rows, int64_t prefix = -1);

  const std::vector<TokenSegment>& segments() const { return segments_; }
  int64_t rows() const { return rows_; }
  // Position of the first token of a segment.
  int64_t FirstPosition(int64_t segment) const;
  // Of each row.
  std::vector<int64_t> Positions() const;
  // One more than the last position of any row.
  int64_t LongestSequence() const;

 private:
  std::vector<TokenSegment> segments_;
  int64_t rows_ = 0;
};

// Token ids, one for each row of the layout.
struct PackedTokens {
  std::vector<int32_t> ids;
  TokenLayout layout;

  // Appends a segment of these tokens, at least one, and returns its index.
  int64_t Add(std::span<const int32_t> tokens, int64_t prefix = -1);
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PACKED_TOKENS_H_

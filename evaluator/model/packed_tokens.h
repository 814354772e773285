// Token sequences of any lengths, laid end to end. The rows of a matrix product then hold no
// padding, and a beginning that several sequences share is computed once.
#ifndef STRATA_EVALUATOR_MODEL_PACKED_TOKENS_H_
#define STRATA_EVALUATOR_MODEL_PACKED_TOKENS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace strata::evaluator {

// Consecutive rows whose tokens follow one another in a text.
struct TokenSegment {
  int64_t first_row = 0;
  int64_t rows = 0;  // at least 1
  // Index of the segment whose tokens come right before these, or -1 if this segment starts at
  // position 0. The tokens of this segment attend to the prefix, and their positions continue after
  // its end. The prefix itself has no prefix.
  int64_t prefix = -1;
};

// The order of segments, which lie one after the other without gaps. The segments that continue a
// prefix come directly after it, before the next segment without a prefix.
class TokenLayout {
 public:
  TokenLayout() = default;
  // Returns the layout of `count` sequences of `tokens` tokens each.
  static TokenLayout Windows(int64_t count, int64_t tokens);

  // Appends a segment and returns its index. `prefix` is the last segment without a prefix, or -1.
  int64_t Add(int64_t rows, int64_t prefix = -1);

  const std::vector<TokenSegment>& segments() const { return segments_; }
  int64_t rows() const { return rows_; }
  // Returns the position of the first token of a segment.
  int64_t FirstPosition(int64_t segment) const;
  // Returns the position of each row.
  std::vector<int64_t> Positions() const;
  // Returns one more than the last position of any row.
  int64_t LongestSequence() const;

 private:
  std::vector<TokenSegment> segments_;
  int64_t rows_ = 0;
};

// Token ids, one for each row of the layout.
struct PackedTokens {
  std::vector<int32_t> ids;
  TokenLayout layout;

  // Appends a segment of `tokens`, which holds at least one token, and returns its index.
  int64_t Add(std::span<const int32_t> tokens, int64_t prefix = -1);
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_PACKED_TOKENS_H_

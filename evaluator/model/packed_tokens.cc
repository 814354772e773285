#include "evaluator/model/packed_tokens.h"

#include <algorithm>

namespace strata::evaluator {

TokenLayout TokenLayout::Windows(int64_t count, int64_t tokens) {
  TokenLayout layout;
  for (int64_t i = 0; i < count; ++i) layout.Add(tokens);
  return layout;
}

int64_t TokenLayout::Add(int64_t rows, int64_t prefix) {
  segments_.push_back({rows_, rows, prefix});
  rows_ += rows;
  return static_cast<int64_t>(segments_.size()) - 1;
}

int64_t TokenLayout::FirstPosition(int64_t segment) const {
  const int64_t prefix = segments_[static_cast<size_t>(segment)].prefix;
  return prefix < 0 ? 0 : segments_[static_cast<size_t>(prefix)].rows;
}

std::vector<int64_t> TokenLayout::Positions() const {
  std::vector<int64_t> positions;
  positions.reserve(static_cast<size_t>(rows_));
  for (size_t segment = 0; segment < segments_.size(); ++segment) {
    const int64_t first = FirstPosition(static_cast<int64_t>(segment));
    for (int64_t i = 0; i < segments_[segment].rows; ++i) positions.push_back(first + i);
  }
  return positions;
}

int64_t TokenLayout::LongestSequence() const {
  int64_t longest = 0;
  for (size_t segment = 0; segment < segments_.size(); ++segment) {
    longest =
        std::max(longest, FirstPosition(static_cast<int64_t>(segment)) + segments_[segment].rows);
  }
  return longest;
}

int64_t PackedTokens::Add(std::span<const int32_t> tokens, int64_t prefix) {
  ids.insert(ids.end(), tokens.begin(), tokens.end());
  return layout.Add(static_cast<int64_t>(tokens.size()), prefix);
}

}  // namespace strata::evaluator

#include "evaluator/tokenizer/merge_segmenter.h"

#include <limits>

namespace strata::evaluator {
namespace {

constexpr int32_t kNone = -1;

}  // namespace

void MergeSegmenter::Add(std::string_view text, int32_t id, const LastMerge& last_merge,
                         bool ranks_fall) {
  tokens_[static_cast<size_t>(id)] = {.last_merge = last_merge,
                                      .bytes = static_cast<int32_t>(text.size()),
                                      .shorter = kNone,
                                      .ranks_fall = ranks_fall};
  trie_.Add(text, id);
  added_.emplace_back(text, id);
}

void MergeSegmenter::Finish() {
  trie_.Finish();
  for (const auto& [text, id] : added_) {
    tokens_[static_cast<size_t>(id)].shorter = Longest(text.substr(0, text.size() - 1));
  }
  added_ = {};
}

int32_t MergeSegmenter::Longest(std::string_view text) const {
  int32_t longest = kNone;
  trie_.ForEachPrefix(text, [&](size_t, int32_t id) { longest = id; });
  return longest;
}

bool MergeSegmenter::StayWhenMerged(int32_t left, int32_t right, Scratch& scratch) const {
  std::vector<Symbol>& symbols = scratch.symbols;
  symbols.clear();
  std::vector<int32_t> pending = {right, left};
  while (!pending.empty()) {
    const int32_t token = pending.back();
    pending.pop_back();
    const LastMerge& merge = tokens_[static_cast<size_t>(token)].last_merge;
    if (merge.rank == kNone) {
      symbols.push_back({.id = token, .begin = symbols.size(), .end = symbols.size() + 1});
    } else {
      pending.push_back(merge.right);
      pending.push_back(merge.left);
    }
  }
  scratch.merger.Run(symbols, merges_);
  return symbols.size() == 2 && symbols[0].id == left && symbols[1].id == right;
}

// True if no merge crosses the boundary of the two tokens. Each step undoes the later of their last
// merges. Among merges of equal rank the left one comes first, and a merge across the boundary
// comes between the two.
bool MergeSegmenter::MayTouch(int32_t left, int32_t right, Scratch& scratch) const {
  if (tokens_[static_cast<size_t>(left)].ranks_fall ||
      tokens_[static_cast<size_t>(right)].ranks_fall) {
    return StayWhenMerged(left, right, scratch);
  }
  int64_t limit = std::numeric_limits<int64_t>::max();
  while (true) {
    const int32_t rank = merges_.RankOf(left, right);
    if (rank != kNone && rank < limit) return false;
    const LastMerge& of_left = tokens_[static_cast<size_t>(left)].last_merge;
    const LastMerge& of_right = tokens_[static_cast<size_t>(right)].last_merge;
    if (of_left.rank > of_right.rank) {
      limit = of_left.rank;
      left = of_left.right;
    } else {
      if (of_right.rank == kNone) return true;
      limit = int64_t{of_right.rank} + 1;
      right = of_right.left;
    }
  }
}

bool MergeSegmenter::Segment(std::string_view text, Scratch& scratch,
                             std::vector<int32_t>& ids) const {
  std::vector<int32_t>& found = scratch.tokens;
  found.clear();
  scratch.left_places.assign(text.size() + 1, 0);
  size_t position = 0;
  int32_t token = Longest(text);
  while (true) {
    for (; token != kNone; token = tokens_[static_cast<size_t>(token)].shorter) {
      const size_t end = position + static_cast<size_t>(tokens_[static_cast<size_t>(token)].bytes);
      if (scratch.left_places[end] == 0 &&
          (found.empty() || MayTouch(found.back(), token, scratch)))
        break;
    }
    if (token != kNone) {
      found.push_back(token);
      position += static_cast<size_t>(tokens_[static_cast<size_t>(token)].bytes);
      if (position == text.size()) break;
      token = Longest(text.substr(position));
    } else {
      if (found.empty()) return false;
      scratch.left_places[position] = 1;
      const Token& last = tokens_[static_cast<size_t>(found.back())];
      position -= static_cast<size_t>(last.bytes);
      token = last.shorter;
      found.pop_back();
    }
  }
  ids.insert(ids.end(), found.begin(), found.end());
  return true;
}

}  // namespace strata::evaluator

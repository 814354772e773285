// The merge loop of byte-pair encoding, shared by ranked and scored merges. Private to
// evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_SYMBOL_MERGER_H_
#define STRATA_EVALUATOR_TOKENIZER_SYMBOL_MERGER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace strata::evaluator {

struct Symbol {
  int32_t id = -1;   // token, or -1 for text that is no token
  size_t begin = 0;  // bytes of the text it covers
  size_t end = 0;
};

struct Merge {
  double rank = 0;  // the lowest is merged first; among equal ranks the leftmost
  int32_t id = -1;  // token that the pair becomes
};

// Merges neighbours until no pair can be merged. One object may be reused, by one thread at a time.
// Takes O(n log n) time for n symbols, so that even a word of a megabyte is fast.
class SymbolMerger {
 public:
  // `symbols` are parts of a text in its order, fewer than 2^32. `find(left, right)` returns the
  // Merge of two neighbours as a std::optional. `on_merge(left, right, merge)` is called before
  // each merge, in the order of the merges.
  template <typename Find, typename OnMerge>
  void Run(std::vector<Symbol>& symbols, const Find& find, const OnMerge& on_merge) {
    const size_t count = symbols.size();
    next_.resize(count);
    previous_.resize(count);
    heap_.clear();
    for (size_t i = 0; i < count; ++i) {
      next_[i] = static_cast<uint32_t>(i + 1);
      previous_[i] = static_cast<uint32_t>(i - 1);
      if (i > 0) Offer(symbols, i - 1, i, find);
    }
    std::make_heap(heap_.begin(), heap_.end(), Later);
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), Later);
      const Candidate candidate = heap_.back();
      heap_.pop_back();
      Symbol& left = symbols[candidate.left];
      const size_t right_index = next_[candidate.left];
      // Symbols only grow, so the pair is still the one that was offered if its end is unchanged.
      if (left.begin == left.end || right_index == count ||
          symbols[right_index].end != candidate.end) {
        continue;
      }
      Symbol& right = symbols[right_index];
      on_merge(left, right, Merge{.rank = candidate.rank, .id = candidate.id});
      left.id = candidate.id;
      left.end = right.end;
      right.begin = right.end;  // empty: no longer in use
      const size_t after = next_[right_index];
      next_[candidate.left] = after;
      if (after < count) previous_[after] = candidate.left;
      const size_t before = previous_[candidate.left];
      if (before < count) OfferToHeap(symbols, before, candidate.left, find);
      if (after < count) OfferToHeap(symbols, candidate.left, after, find);
    }
    std::erase_if(symbols, [](const Symbol& symbol) { return symbol.begin == symbol.end; });
  }
  template <typename Find>
  void Run(std::vector<Symbol>& symbols, const Find& find) {
    Run(symbols, find, [](const Symbol&, const Symbol&, const Merge&) {});
  }

 private:
  struct Candidate {
    double rank;
    size_t end;  // of the right symbol when offered
    uint32_t left;
    int32_t id;
  };

  static bool Later(const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
  }

  template <typename Find>
  bool Offer(const std::vector<Symbol>& symbols, size_t left, size_t right, const Find& find) {
    const std::optional<Merge> merge = find(symbols[left], symbols[right]);
    if (!merge.has_value()) return false;
    heap_.push_back({merge->rank, symbols[right].end, static_cast<uint32_t>(left), merge->id});
    return true;
  }

  template <typename Find>
  void OfferToHeap(const std::vector<Symbol>& symbols, size_t left, size_t right,
                   const Find& find) {
    if (Offer(symbols, left, right, find)) std::push_heap(heap_.begin(), heap_.end(), Later);
  }

  std::vector<uint32_t> next_;      // count: none
  std::vector<uint32_t> previous_;  // beyond count: none
  std::vector<Candidate> heap_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_SYMBOL_MERGER_H_

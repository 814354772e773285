// The merges of byte-pair encoding, by the pair of ids. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_MERGE_TABLE_H_
#define STRATA_EVALUATOR_TOKENIZER_MERGE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "evaluator/tokenizer/symbol_merger.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// A hash table with open addressing and linear probing, at most half full, behind a filter.
// Immutable.
class MergeTable {
 public:
  // The rank of a merge is its place in the list. The last of equal pairs counts.
  explicit MergeTable(const std::vector<MergeRule>& merges);
  // The same with `ranks` in place of the places: one per merge, not negative.
  MergeTable(const std::vector<MergeRule>& merges, const std::vector<int32_t>& ranks);

  std::optional<Merge> operator()(const Symbol& left, const Symbol& right) const {
    if (left.id < 0 || right.id < 0) return std::nullopt;
    const Entry* entry = Find(left.id, right.id);
    if (entry == nullptr) return std::nullopt;
    return Merge{.rank = static_cast<double>(entry->rank), .id = entry->merged};
  }

  // Returns the rank of the merge of two ids, which must not be negative; -1 if they do not merge.
  int32_t RankOf(int32_t left, int32_t right) const {
    const Entry* entry = Find(left, right);
    return entry == nullptr ? -1 : entry->rank;
  }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  struct Entry {
    uint64_t key = kEmpty;
    int32_t rank = 0;
    int32_t merged = 0;
  };
  static uint64_t Key(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  static uint64_t Hash(uint64_t key) { return (key * 0x9E3779B97F4A7C15u) >> 24; }

  const Entry* Find(int32_t left, int32_t right) const {
    const uint64_t key = Key(left, right);
    const uint64_t hash = Hash(key);
    const size_t bit = hash & filter_mask_;
    if ((filter_[bit / 64] >> bit % 64 & 1) == 0) return nullptr;
    for (size_t slot = hash & mask_;; slot = (slot + 1) & mask_) {
      const Entry& entry = entries_[slot];
      if (entry.key == key) return &entry;
      if (entry.key == kEmpty) return nullptr;
    }
  }

  std::vector<Entry> entries_;
  size_t mask_ = 0;
  // Bits at the hashes of the pairs in the table. Most pairs of neighbours are not in the table,
  // and the filter is small enough to stay near the processor.
  std::vector<uint64_t> filter_;
  size_t filter_mask_ = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_MERGE_TABLE_H_

// Merges of byte-pair encoding by the pair of ids. Private to evaluator/.
#ifndef STRATA_EVALUATOR_MERGE_TABLE_H_
#define STRATA_EVALUATOR_MERGE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "evaluator/symbol_merger.h"
#include "evaluator/tokenizer_description.h"

namespace strata::evaluator {

// Open addressing with linear probing, at most half full. Immutable.
class MergeTable {
 public:
  // A merge's rank is its place in the list; of equal pairs the last counts.
  explicit MergeTable(const std::vector<MergeRule>& merges);

  std::optional<Merge> operator()(const Symbol& left, const Symbol& right) const {
    if (left.id < 0 || right.id < 0) return std::nullopt;
    const uint64_t key = Key(left.id, right.id);
    for (size_t slot = Slot(key);; slot = (slot + 1) & mask_) {
      const Entry& entry = entries_[slot];
      if (entry.key == key)
        return Merge{.rank = static_cast<double>(entry.rank), .id = entry.merged};
      if (entry.key == kEmpty) return std::nullopt;
    }
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
  size_t Slot(uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> 24 & mask_; }

  std::vector<Entry> entries_;
  size_t mask_ = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MERGE_TABLE_H_

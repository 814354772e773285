#include "evaluator/merge_table.h"

#include <bit>

namespace strata::evaluator {

MergeTable::MergeTable(const std::vector<MergeRule>& merges) {
  entries_.resize(std::bit_ceil(2 * merges.size() + 1));
  mask_ = entries_.size() - 1;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const MergeRule& merge = merges[rank];
    const uint64_t key = Key(merge.left, merge.right);
    size_t slot = Slot(key);
    while (entries_[slot].key != kEmpty && entries_[slot].key != key) slot = (slot + 1) & mask_;
    entries_[slot] = {key, static_cast<int32_t>(rank), merge.merged};
  }
}

}  // namespace strata::evaluator

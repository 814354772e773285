#include "evaluator/tokenizer/merge_table.h"

#include <bit>
#include <numeric>

namespace strata::evaluator {

namespace {

std::vector<int32_t> Places(size_t count) {
  std::vector<int32_t> places(count);
  std::iota(places.begin(), places.end(), 0);
  return places;
}

}  // namespace

MergeTable::MergeTable(const std::vector<MergeRule>& merges)
    : MergeTable(merges, Places(merges.size())) {}

MergeTable::MergeTable(const std::vector<MergeRule>& merges, const std::vector<int32_t>& ranks) {
  entries_.resize(std::bit_ceil(2 * merges.size() + 1));
  mask_ = entries_.size() - 1;
  filter_.resize(std::bit_ceil(8 * merges.size() + 64) / 64);
  filter_mask_ = 64 * filter_.size() - 1;
  for (size_t i = 0; i < merges.size(); ++i) {
    const MergeRule& merge = merges[i];
    const uint64_t key = Key(merge.left, merge.right);
    const uint64_t hash = Hash(key);
    const size_t bit = hash & filter_mask_;
    filter_[bit / 64] |= uint64_t{1} << bit % 64;
    size_t slot = hash & mask_;
    while (entries_[slot].key != kEmpty && entries_[slot].key != key) slot = (slot + 1) & mask_;
    entries_[slot] = {key, ranks[i], merge.merged};
  }
}

}  // namespace strata::evaluator

// A short name of an allocation.
#ifndef STRATA_SEARCH_ALLOCATION_HASH_H_
#define STRATA_SEARCH_ALLOCATION_HASH_H_

#include <cstdint>

#include "expr/allocation.h"

namespace strata::search {

// FNV-1a of expr::QuantizedKey: the same for allocations that count as one candidate, and on every
// platform.
inline uint64_t AllocationHash(const expr::Allocation& allocation) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : expr::QuantizedKey(allocation)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  }
  return hash;
}

}  // namespace strata::search

#endif  // STRATA_SEARCH_ALLOCATION_HASH_H_

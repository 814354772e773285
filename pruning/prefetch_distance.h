// Distance between the data that a streaming kernel reads and the data that it prefetches.
#ifndef STRATA_PRUNING_PREFETCH_DISTANCE_H_
#define STRATA_PRUNING_PREFETCH_DISTANCE_H_

#include <cstdint>

namespace strata::pruning {

// About the number of bytes that a core reads during one access to memory. The processor's own
// prefetching ends at every page. Prefetching beyond the end of an allocation does no harm.
inline constexpr int64_t kPrefetchBytes = 4096;

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_PREFETCH_DISTANCE_H_

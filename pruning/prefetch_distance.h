// How far ahead kernels that stream through memory ask for what they will read.
#ifndef STRATA_PRUNING_PREFETCH_DISTANCE_H_
#define STRATA_PRUNING_PREFETCH_DISTANCE_H_

#include <cstdint>

namespace strata::pruning {

// About what a core reads while one access to memory takes place; the processor's own prefetching
// ends at every page. Asking beyond the end of an allocation does no harm.
inline constexpr int64_t kPrefetchBytes = 4096;

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_PREFETCH_DISTANCE_H_

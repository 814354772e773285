// Counts heap allocations of the program that links allocation_counter.cc, which replaces the
// global operator new.
#ifndef STRATA_TESTS_EXPR_ALLOCATION_COUNTER_H_
#define STRATA_TESTS_EXPR_ALLOCATION_COUNTER_H_

#include <cstdint>

namespace strata::expr {

// Returns the number of calls of operator new by all threads so far.
int64_t AllocationCount();

}  // namespace strata::expr

#endif  // STRATA_TESTS_EXPR_ALLOCATION_COUNTER_H_

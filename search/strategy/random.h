// The only source of randomness of the search: a 64-bit Mersenne Twister with Boost's
// distributions. Unlike those of the standard library, their algorithms are the same with every
// compiler and on every platform.
#ifndef STRATA_SEARCH_STRATEGY_RANDOM_H_
#define STRATA_SEARCH_STRATEGY_RANDOM_H_

#include <cstdint>
#include <memory>

#include "expr/variation.h"

namespace strata::search {

// Makes a generator. The same seed gives the same numbers everywhere (Normal up to the last bits of
// libm's exp and log). Below(0) returns 0 and Uniform returns `minimum` for an empty range; neither
// call is intended. Not thread-safe.
std::unique_ptr<expr::RandomGenerator> MakeRandomGenerator(uint64_t seed);

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_RANDOM_H_

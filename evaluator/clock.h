// Clocks. Code whose tests need another time takes a clock as an argument; these are the clocks to
// give it, and the stopwatch of everything else.
#ifndef STRATA_EVALUATOR_CLOCK_H_
#define STRATA_EVALUATOR_CLOCK_H_

#include <chrono>

namespace strata::evaluator {

// Returns the seconds since some moment in the past. Never goes backwards, whatever happens to the
// time of day.
inline double SteadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Returns the seconds that have passed since a value of SteadySeconds.
inline double SecondsSince(double start_seconds) { return SteadySeconds() - start_seconds; }

// Returns the time of day as the seconds since 1970-01-01 00:00 UTC.
inline double UnixSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CLOCK_H_

// Pauses between attempts: exponential, with jitter, so that workers that lost their coordinator
// together do not come back together.
#ifndef STRATA_WORKERS_BACKOFF_H_
#define STRATA_WORKERS_BACKOFF_H_

#include <algorithm>
#include <cstdint>
#include <random>

namespace strata::workers {

class Backoff {
 public:
  Backoff(double first_seconds, double longest_seconds, uint64_t seed)
      : first_seconds_(first_seconds),
        longest_seconds_(longest_seconds),
        next_seconds_(first_seconds),
        random_(static_cast<std::minstd_rand::result_type>(seed)) {}

  // From half of the whole pause to all of it; the whole pause doubles until it is the longest.
  double NextSeconds() {
    const double share = std::uniform_real_distribution<double>(0.5, 1.0)(random_);
    const double seconds = next_seconds_ * share;
    next_seconds_ = std::min(2 * next_seconds_, longest_seconds_);
    return seconds;
  }

  void Reset() { next_seconds_ = first_seconds_; }

 private:
  const double first_seconds_;
  const double longest_seconds_;
  double next_seconds_;
  std::minstd_rand random_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_BACKOFF_H_

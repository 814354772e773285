// Exponential backoff with jitter: the pauses between attempts to connect. The jitter keeps workers
// that lost their coordinator together from coming back together.
#ifndef STRATA_WORKERS_WORKER_BACKOFF_H_
#define STRATA_WORKERS_WORKER_BACKOFF_H_

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

  // Returns a random share, from half to all, of the current pause. The current pause then doubles,
  // up to `longest_seconds`.
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

#endif  // STRATA_WORKERS_WORKER_BACKOFF_H_

#include "search/strategy/random.h"

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <boost/random/uniform_real_distribution.hpp>

namespace strata::search {
namespace {

class BoostGenerator final : public expr::RandomGenerator {
 public:
  explicit BoostGenerator(uint64_t seed) : engine_(seed) {}

  uint64_t Below(uint64_t bound) override {
    if (bound <= 1) return 0;
    return boost::random::uniform_int_distribution<uint64_t>(0, bound - 1)(engine_);
  }

  double Uniform(double minimum, double maximum) override {
    // Boost's rejection loop would not end on an empty range.
    if (!(minimum < maximum)) return minimum;
    return boost::random::uniform_real_distribution<double>(minimum, maximum)(engine_);
  }

  double Normal() override { return boost::random::normal_distribution<double>()(engine_); }

 private:
  boost::random::mt19937_64 engine_;
};

}  // namespace

std::unique_ptr<expr::RandomGenerator> MakeRandomGenerator(uint64_t seed) {
  return std::make_unique<BoostGenerator>(seed);
}

}  // namespace strata::search

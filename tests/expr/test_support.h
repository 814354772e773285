// Support for the tests of expr/: a seeded generator, parsed expressions, hostile features, sizes.
#ifndef STRATA_TESTS_EXPR_TEST_SUPPORT_H_
#define STRATA_TESTS_EXPR_TEST_SUPPORT_H_

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expression.h"
#include "expr/feature_table.h"
#include "expr/variation.h"

namespace strata::expr {

class MersenneTwister : public RandomGenerator {
 public:
  explicit MersenneTwister(uint64_t seed) : engine_(seed) {}
  uint64_t Below(uint64_t bound) override { return engine_() % bound; }
  double Uniform(double minimum, double maximum) override {
    return minimum + (maximum - minimum) * (static_cast<double>(engine_() >> 11) * 0x1p-53);
  }
  double Normal() override {  // Box-Muller
    const double radius = std::sqrt(-2 * std::log(1 - Uniform(0, 1)));
    return radius * std::cos(2 * M_PI * Uniform(0, 1));
  }

 private:
  std::mt19937_64 engine_;
};

inline Expression Parsed(std::string_view text) {
  absl::StatusOr<Expression> expression = ParseExpression(text);
  if (!expression.ok()) {
    ADD_FAILURE() << text << ": " << std::string(expression.status().message());
    std::abort();
  }
  return *std::move(expression);
}

// Returns one of many shapes that a measured feature can have, most of them unpleasant.
inline std::vector<double> HostileFeature(RandomGenerator& random, size_t units) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double specials[] = {std::nan(""), kInfinity, -kInfinity, 0.0, -0.0, 1e300,
                             -1e300,       5e-324,    1e30,       1.0, 1e-20};
  const uint64_t shape = random.Below(6);
  const double constant = specials[random.Below(11)];
  std::vector<double> values(units);
  for (size_t i = 0; i < units; ++i) {
    switch (shape) {
      case 0:
        values[i] = constant;
        break;
      case 1:
        values[i] = random.Below(3) == 0 ? specials[random.Below(11)] : random.Normal();
        break;
      case 2:
        values[i] = static_cast<double>(random.Below(3));  // ties
        break;
      case 3:
        values[i] = 1e15 + static_cast<double>(random.Below(4));  // a spread near the rounding
        break;
      case 4:
        values[i] = std::exp(20 * random.Normal());
        break;
      default:
        values[i] = random.Normal();
    }
  }
  return values;
}

inline std::vector<int64_t> RandomSizes(RandomGenerator& random) {
  std::vector<int64_t> sizes(1 + random.Below(12));
  const bool equal = random.Below(2) == 0;
  for (int64_t& size : sizes) size = equal ? 3538944 : 1 + static_cast<int64_t>(random.Below(5000));
  return sizes;
}

}  // namespace strata::expr

#endif  // STRATA_TESTS_EXPR_TEST_SUPPORT_H_

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "expr/kernels.h"
#include "expr/operator_table.h"

namespace strata::expr {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

void ExpectSame(double actual, double expected, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(actual)) << what << " gave " << actual;
  } else if (std::isinf(expected)) {
    EXPECT_EQ(actual, expected) << what;
  } else {
    EXPECT_NEAR(actual, expected, 1e-14 * std::max(1.0, std::fabs(expected))) << what;
  }
}

struct Vector {
  double argument;
  double value;
};

const std::map<std::string, std::vector<Vector>>& ScalarVectors() {
  static const std::map<std::string, std::vector<Vector>> vectors = {
      {"abs", {{-2.5, 2.5}, {3, 3}, {-kInfinity, kInfinity}, {kNan, kNan}}},
      {"log", {{M_E, 1}, {1, 0}, {0, -kInfinity}, {-1, kNan}}},
      {"logpos",
       {{-5, 9.999995000003333e-07},
        {0, 9.999995000003333e-07},
        {2, 0.6931476805598203},
        {kNan, kNan}}},
      {"abslog", {{0, 0}, {-M_E, 1}, {0.5, -0.6931471805599453}, {kNan, kNan}}},
      {"pow2", {{-3, 9}, {1e200, kInfinity}}},
      {"exp", {{1, M_E}, {-kInfinity, 0}, {1000, kInfinity}}},
      {"sigmoid", {{0, 0.5}, {2, 0.8807970779778823}, {-1e4, 0}, {1e4, 1}}},
      {"tanh", {{0.5, 0.46211715726000975}, {-50, -1}}},
      {"sin", {{1, 0.8414709848078965}, {kInfinity, kNan}}},
      {"cos", {{1, 0.5403023058681398}, {kInfinity, kNan}}},
      {"tan", {{1, 1.5574077246549023}}},
      {"asin", {{1, M_PI / 2}, {1.0001, kNan}}},
      {"acos", {{-1, M_PI}, {-1.0001, kNan}}},
      {"atan", {{1, M_PI / 4}, {kInfinity, M_PI / 2}}},
      {"softplus",
       {{0, 0.6931471805599453}, {20, 20.000000002061153}, {20.5, 20.5}, {-kInfinity, 0}}},
      {"sqrt", {{2, 1.4142135623730951}, {-1, kNan}}},
      {"neg", {{2, -2}, {-kInfinity, kInfinity}}},
  };
  return vectors;
}

TEST(ScalarKernels, EveryElementwiseRowHasAKernelAndATestVector) {
  for (size_t i = 0; i < Operators().size(); ++i) {
    const OperatorId id = static_cast<OperatorId>(i);
    const std::string name(OperatorOf(id).name);
    const ScalarKernel kernel = ScalarKernelOf(id);
    if (OperatorOf(id).kind != OperatorKind::kElementwise) {
      EXPECT_EQ(kernel, nullptr) << name;
      continue;
    }
    ASSERT_NE(kernel, nullptr) << name;
    ASSERT_TRUE(ScalarVectors().contains(name)) << name;
    for (const Vector& vector : ScalarVectors().at(name)) {
      ExpectSame(kernel(vector.argument), vector.value,
                 name + " at " + std::to_string(vector.argument));
    }
  }
}

TEST(ScalarKernels, EveryBinaryRowHasAKernelAndATestVector) {
  struct BinaryVector {
    double a, b, value;
  };
  const std::map<std::string, std::vector<BinaryVector>> vectors = {
      {"+", {{2, 3, 5}, {kInfinity, -kInfinity, kNan}}},
      {"-", {{2, 3, -1}, {kInfinity, kInfinity, kNan}}},
      {"*", {{2, -3, -6}, {0, kInfinity, kNan}}},
      {"/", {{3, 2, 1.5}, {1, 0, kInfinity}, {0, 0, kNan}}},
      {"min", {{2, 3, 2}, {3, 2, 2}, {kNan, 1, kNan}, {1, kNan, kNan}}},
      {"max", {{2, 3, 3}, {3, 2, 3}, {kNan, 1, kNan}, {1, kNan, kNan}}},
  };
  for (size_t i = 0; i < Operators().size(); ++i) {
    const OperatorId id = static_cast<OperatorId>(i);
    const std::string name(OperatorOf(id).name);
    const BinaryKernel kernel = BinaryKernelOf(id);
    if (OperatorOf(id).kind != OperatorKind::kBinary) {
      EXPECT_EQ(kernel, nullptr) << name;
      continue;
    }
    ASSERT_NE(kernel, nullptr) << name;
    ASSERT_TRUE(vectors.contains(name)) << name;
    for (const BinaryVector& vector : vectors.at(name)) {
      ExpectSame(kernel(vector.a, vector.b), vector.value, name);
    }
  }
  EXPECT_TRUE(std::signbit(BinaryKernelOf(IdOf("min"))(0.0, -0.0)));
  EXPECT_FALSE(std::signbit(BinaryKernelOf(IdOf("max"))(-0.0, 0.0)));
}

// A total operator gives a finite result for every finite operand.
TEST(ScalarKernels, TheDomainRuleOfTheTableHolds) {
  const double finite[] = {0.0,
                           -0.0,
                           1,
                           -1,
                           1e-300,
                           -1e-300,
                           5e-324,
                           1e300,
                           -1e300,
                           710,
                           -710,
                           1.7976931348623157e308,
                           -1.7976931348623157e308,
                           0.5,
                           30};
  for (size_t i = 0; i < Operators().size(); ++i) {
    const OperatorId id = static_cast<OperatorId>(i);
    const Operator& row = OperatorOf(id);
    bool all_finite = true;
    if (row.kind == OperatorKind::kElementwise) {
      for (const double x : finite) all_finite &= std::isfinite(ScalarKernelOf(id)(x));
    } else if (row.kind == OperatorKind::kBinary) {
      for (const double a : finite) {
        for (const double b : finite) all_finite &= std::isfinite(BinaryKernelOf(id)(a, b));
      }
    } else if (row.kind == OperatorKind::kAcrossLayers) {
      for (const double a : finite) {
        for (const double b : finite) {
          for (const double value : AcrossLayersKernelOf(id)(std::vector<double>{a, b, a})) {
            all_finite &= std::isfinite(value);
          }
        }
      }
    } else {
      continue;
    }
    EXPECT_EQ(all_finite, row.domain == DomainRule::kTotal) << row.name;
  }
}

}  // namespace
}  // namespace strata::expr

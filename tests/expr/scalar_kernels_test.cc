#include <gtest/gtest.h>

#include <bit>
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
    std::vector<double> parameters = {};
  };
  const std::map<std::string, std::vector<BinaryVector>> vectors = {
      {"+", {{2, 3, 5}, {kInfinity, -kInfinity, kNan}}},
      {"-", {{2, 3, -1}, {kInfinity, kInfinity, kNan}}},
      {"*", {{2, -3, -6}, {0, kInfinity, kNan}}},
      {"/", {{3, 2, 1.5}, {1, 0, kInfinity}, {0, 0, kNan}}},
      {"min", {{2, 3, 2}, {3, 2, 2}, {kNan, 1, kNan}, {1, kNan, kNan}}},
      {"max", {{2, 3, 3}, {3, 2, 3}, {kNan, 1, kNan}, {1, kNan, kNan}}},
      {"mix", {{2, 4, 3.5, {0.25}}, {2, 4, 2.5, {0.75}}, {kInfinity, -kInfinity, kNan, {0.5}}}},
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
      ExpectSame(kernel(vector.a, vector.b, vector.parameters), vector.value, name);
    }
  }
  EXPECT_TRUE(std::signbit(BinaryKernelOf(IdOf("min"))(0.0, -0.0, {})));
  EXPECT_FALSE(std::signbit(BinaryKernelOf(IdOf("max"))(-0.0, 0.0, {})));
}

// Nothing for an operator without a parameter, else a hundred values of its only one.
std::vector<std::vector<double>> ParameterChoices(const Operator& row) {
  if (row.parameters.empty()) return {{}};
  std::vector<std::vector<double>> choices;
  for (int k = 0; k <= 100; ++k) {
    const double share = k / 100.0;
    choices.push_back(
        {(1 - share) * row.parameters[0].minimum + share * row.parameters[0].maximum});
  }
  return choices;
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
        for (const double b : finite) {
          for (const std::vector<double>& parameters : ParameterChoices(row)) {
            all_finite &= std::isfinite(BinaryKernelOf(id)(a, b, parameters));
          }
        }
      }
    } else if (row.kind == OperatorKind::kAcrossUnits && row.name != "blockwise") {
      for (const double a : finite) {
        for (const double b : finite) {
          const std::vector<double> x = {a, b, a};
          std::vector<double> out(3);
          KernelScratch scratch(3);
          AcrossUnitsKernelOf(id)(x, SquareBlocks({1, 1, 1}), scratch, out);
          for (const double value : out) all_finite &= std::isfinite(value);
        }
      }
    } else {
      continue;
    }
    EXPECT_EQ(all_finite, row.domain == DomainRule::kTotal) << row.name;
  }
}

// The loops are the scalar kernels and the rule, value by value, in place too.
TEST(ScalarKernels, LoopsGiveTheBitsOfTheKernels) {
  const std::vector<double> special = {0.0,   -0.0,   1,      -1,      kNan, kInfinity, -kInfinity,
                                       1e300, -1e300, 5e-324, -5e-324, 0.5,  1e30,      -3.75};
  std::vector<double> left;
  std::vector<double> right;
  for (const double a : special) {
    for (const double b : special) {
      left.push_back(a);
      right.push_back(b);
    }
  }
  const auto expect_same = [](double actual, double expected, std::string_view name) {
    EXPECT_EQ(std::bit_cast<uint64_t>(actual), std::bit_cast<uint64_t>(expected))
        << name << " gave " << actual << ", not " << expected;
  };
  for (const ValueRule rule : {ValueRule::kTotal, ValueRule::kSinglePrecision}) {
    const auto under_rule = [rule](double value) {
      return rule == ValueRule::kTotal ? Total(value) : SinglePrecision(value);
    };
    for (size_t k = 0; k < Operators().size(); ++k) {
      const OperatorId id = static_cast<OperatorId>(k);
      const Operator& row = OperatorOf(id);
      std::vector<double> out = left;
      if (row.kind == OperatorKind::kElementwise) {
        ElementwiseLoopOf(id, rule)(out, out);
        for (size_t i = 0; i < out.size(); ++i) {
          const double expected = under_rule(ScalarKernelOf(id)(left[i]));
          if (std::isnan(expected)) {
            EXPECT_TRUE(std::isnan(out[i])) << row.name;
          } else {
            expect_same(out[i], expected, row.name);
          }
        }
      } else if (row.kind == OperatorKind::kBinary) {
        const std::vector<double> parameters(row.parameters.size(), 0.3);
        BinaryLoopOf(id, rule)(out, right, parameters, out);
        for (size_t i = 0; i < out.size(); ++i) {
          const double expected = under_rule(BinaryKernelOf(id)(left[i], right[i], parameters));
          if (std::isnan(expected)) {
            EXPECT_TRUE(std::isnan(out[i])) << row.name;
          } else {
            expect_same(out[i], expected, row.name);
          }
        }
      } else {
        EXPECT_EQ(ElementwiseLoopOf(id, rule), nullptr) << row.name;
        EXPECT_EQ(BinaryLoopOf(id, rule), nullptr) << row.name;
      }
    }
  }
}

}  // namespace
}  // namespace strata::expr

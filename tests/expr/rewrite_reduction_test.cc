#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expr/bad_values.h"
#include "expr/expression.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

// What the definitions of the operator table give on a small tensor, each element-wise result
// rounded to single precision. Reductions without a short definition are left out.
class SmallTensors {
 public:
  explicit SmallTensors(RandomGenerator& random) {
    for (const std::string name : {"WX", "W", "X", "G"}) {
      for (int i = 0; i < 12; ++i) {
        const double scale = random.Below(4) == 0 ? 0.0 : random.Below(6) == 0 ? 1e20 : 1.0;
        const double value = scale * random.Normal();
        elements_[name].push_back(static_cast<float>(name == "W" ? value : std::fabs(value)));
      }
    }
  }

  double Reduce(const Expression& node) const {
    if (OperatorOf(node.op).name == "neg") return -Reduce(node.children[0]);
    const std::vector<double> x = Tensor(node.children[0]);
    const std::string_view name = OperatorOf(node.op).name;
    const double n = static_cast<double>(x.size());
    const double mean = Moment(x, 0, 1);
    const double variance = Moment(x, mean, 2);
    if (name == "mean") return mean;
    if (name == "var") return variance * n / (n - 1);
    if (name == "skewness") return Moment(x, mean, 3) / std::pow(variance, 1.5);
    if (name == "kurtosis") return Moment(x, mean, 4) / (variance * variance);
    if (name == "l2") return std::sqrt(n * Moment(x, 0, 2));
    std::vector<double> magnitudes;
    for (const double value : x) magnitudes.push_back(std::fabs(value));
    if (name == "l1") return Moment(magnitudes, 0, 1);
    EXPECT_EQ(name, "gini");
    std::sort(magnitudes.begin(), magnitudes.end());
    double sum = 0;
    for (size_t i = 0; i < magnitudes.size(); ++i) {
      sum += (2 * static_cast<double>(i + 1) - n - 1) * magnitudes[i];
    }
    return sum / (n * n * Moment(magnitudes, 0, 1));
  }

 private:
  static double Moment(const std::vector<double>& x, double center, int power) {
    double sum = 0;
    for (const double value : x) {
      double product = 1;
      for (int i = 0; i < power; ++i) product *= value - center;
      sum += product;
    }
    return sum / static_cast<double>(x.size());
  }

  std::vector<double> Tensor(const Expression& node) const {
    const std::string name(OperatorOf(node.op).name);
    if (node.children.empty()) return elements_.at(name);
    std::vector<double> x = Tensor(node.children[0]);
    const auto [smallest, largest] = std::minmax_element(x.begin(), x.end());
    const double minimum = *smallest;
    const double range = *largest - minimum + 1e-9;
    const double mean = Moment(x, 0, 1);
    const double n = static_cast<double>(x.size());
    const double deviation = std::sqrt(Moment(x, mean, 2) * n / (n - 1));
    for (double& value : x) {
      if (name == "mms") {
        value = (value - minimum) / range;
      } else if (name == "normalize") {
        value = (value - mean) / deviation;
        if (std::isnan(value)) value = 0;
      } else {
        value = ScalarKernelOf(node.op)(value);
      }
      value = SinglePrecision(value);
    }
    return x;
  }

  std::map<std::string, std::vector<double>> elements_;
};

// Features with one canonical form are one statistic: equal to the bit, but for the sign of a zero
// and of NaN.
TEST(RewriteReduction, KeepsEveryStatistic) {
  MersenneTwister random(19);
  const std::vector<std::string> reductions = {"mean", "var", "skewness", "kurtosis",
                                               "l1",   "l2",  "gini"};
  const std::vector<std::string> tensors = {"neg",  "abs",  "pow2", "normalize", "mms",  "neg",
                                            "sin",  "tanh", "cos",  "abslog",    "sqrt", "abs",
                                            "asin", "exp",  "atan", "logpos",    "neg",  "tan"};
  int changed = 0;
  for (int round = 0; round < 30000; ++round) {
    Expression tree = Parsed(random.Below(2) == 0 ? "W" : random.Below(2) == 0 ? "WX" : "X");
    for (uint64_t levels = random.Below(6); levels > 0; --levels) {
      tree = Expression{IdOf(tensors[random.Below(tensors.size())]), {}, {tree}};
    }
    tree = Expression{IdOf(reductions[random.Below(reductions.size())]), {}, {tree}};
    const Expression canonical = Canonicalize(tree);
    changed += canonical != tree;
    const SmallTensors table(random);
    const double expected = table.Reduce(tree);
    const double actual = table.Reduce(canonical);
    ASSERT_TRUE(expected == actual || (std::isnan(expected) && std::isnan(actual)))
        << PrintExpression(tree) << " -> " << PrintExpression(canonical) << ": " << expected
        << " and " << actual;
  }
  EXPECT_GT(changed, 10000);
}

}  // namespace
}  // namespace strata::expr

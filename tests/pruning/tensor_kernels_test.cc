#include "pruning/tensor_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace strata::pruning {
namespace {

using expr::OperatorId;
using expr::OperatorKind;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();
constexpr unsigned kAllGroups =
    kMoments | kHighMoments | kNorms | kExtremes | kLogarithms | kProbabilityMass;

double Reduce(const char* name, const std::vector<float>& values) {
  TensorStatistics whole = StatisticsOf(values, kAllGroups, 0);
  whole.entropy = StatisticsOf(values, kEntropy, whole.mass).entropy;
  return ReductionKernelOf(expr::IdOf(name))->of_statistics(whole);
}

TEST(TensorKernelsTest, EveryOperatorThatMeetsATensorHasAKernel) {
  int kernels = 0;
  const auto operators = expr::Operators();
  for (size_t i = 0; i < operators.size(); ++i) {
    const auto id = static_cast<OperatorId>(i);
    const OperatorKind kind = operators[i].kind;
    EXPECT_EQ(ElementwiseKernelOf(id) != nullptr, kind == OperatorKind::kElementwise)
        << operators[i].name;
    EXPECT_EQ(WholeTensorKernelOf(id) != nullptr, kind == OperatorKind::kWholeTensor)
        << operators[i].name;
    EXPECT_EQ(ReductionKernelOf(id) != nullptr, kind == OperatorKind::kReduction)
        << operators[i].name;
    kernels += ElementwiseKernelOf(id) != nullptr;
  }
  EXPECT_GT(kernels, 10);
}

TEST(TensorKernelsTest, EveryReductionHasTheFunctionOfItsForm) {
  const auto operators = expr::Operators();
  for (size_t i = 0; i < operators.size(); ++i) {
    const ReductionKernel* kernel = ReductionKernelOf(static_cast<OperatorId>(i));
    if (kernel == nullptr) continue;
    const ReductionForm form = kernel->form;
    EXPECT_EQ(kernel->of_statistics != nullptr, form == ReductionForm::kStatistics)
        << operators[i].name;
    EXPECT_EQ(kernel->of_sorted != nullptr, form == ReductionForm::kSorted) << operators[i].name;
    EXPECT_EQ(kernel->of_spectrum != nullptr, form == ReductionForm::kSpectrum)
        << operators[i].name;
    EXPECT_EQ(kernel->of_matrix != nullptr, form == ReductionForm::kMatrix) << operators[i].name;
    // Only these two forms pass a number on.
    const bool takes_a_number =
        form == ReductionForm::kSorted || form == ReductionForm::kGlobalThreshold;
    EXPECT_TRUE(operators[i].parameters.empty() || takes_a_number) << operators[i].name;
  }
}

TEST(TensorKernelsTest, ElementwiseKernelsMeanWhatTheScalarKernelsMean) {
  std::vector<float> inputs = {0.0f,   -0.0f,  1.0f,      -1.0f,      0.3f,       -0.3f,
                               0.999f, 2.5f,   -2.5f,     7.0f,       19.9f,      20.1f,
                               50.0f,  -50.0f, kInfinity, -kInfinity, kNotANumber};
  for (int i = 0; i < 200; ++i) inputs.push_back(static_cast<float>(i - 100) * 0.137f);
  const auto operators = expr::Operators();
  for (size_t i = 0; i < operators.size(); ++i) {
    const auto id = static_cast<OperatorId>(i);
    const ElementwiseKernel kernel = ElementwiseKernelOf(id);
    if (kernel == nullptr) continue;
    std::vector<float> outputs = inputs;
    kernel(outputs);
    for (size_t k = 0; k < inputs.size(); ++k) {
      const double expected = expr::ScalarKernelOf(id)(inputs[k]);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(outputs[k])) << operators[i].name << "(" << inputs[k] << ")";
      } else if (std::isinf(expected)) {
        EXPECT_EQ(outputs[k], expected) << operators[i].name << "(" << inputs[k] << ")";
      } else {
        EXPECT_NEAR(outputs[k], expected, 2e-6 * (1 + std::abs(expected)))
            << operators[i].name << "(" << inputs[k] << ")";
      }
    }
  }
}

TEST(TensorKernelsTest, ExponentialOverflowsAtFloat32) {
  std::vector<float> values = {88.0f, 89.0f};
  ElementwiseKernelOf(expr::IdOf("exp"))(values);
  EXPECT_TRUE(std::isfinite(values[0]));
  EXPECT_EQ(values[1], kInfinity);
}

TEST(TensorKernelsTest, WholeTensorKernels) {
  std::vector<float> values = {1, 2, 3, 6};
  const TensorStatistics whole = StatisticsOf(values, kAllGroups, 0);
  std::vector<float> normalized = values;
  WholeTensorKernelOf(expr::IdOf("normalize"))->apply(normalized, whole);
  // Mean 3, unbiased variance 14 / 3.
  EXPECT_NEAR(normalized[0], -2 / std::sqrt(14.0 / 3), 1e-6);
  EXPECT_NEAR(normalized[3], 3 / std::sqrt(14.0 / 3), 1e-6);
  std::vector<float> scaled = values;
  WholeTensorKernelOf(expr::IdOf("mms"))->apply(scaled, whole);
  EXPECT_EQ(scaled[0], 0.0f);
  EXPECT_NEAR(scaled[1], 0.2, 1e-6);
  EXPECT_EQ(scaled[3], 1.0f);

  std::vector<float> constant = {2, 2};
  WholeTensorKernelOf(expr::IdOf("normalize"))
      ->apply(constant, StatisticsOf(constant, kAllGroups, 0));
  EXPECT_EQ(constant[0], 0.0f);  // 0 / 0 counts as 0
}

TEST(TensorKernelsTest, Reductions) {
  const std::vector<float> values = {1, -2, 4};
  EXPECT_DOUBLE_EQ(Reduce("mean", values), 1.0);
  EXPECT_DOUBLE_EQ(Reduce("var", values), 9.0);
  EXPECT_DOUBLE_EQ(Reduce("std", values), 3.0);
  EXPECT_DOUBLE_EQ(Reduce("l1", values), 7.0 / 3);
  EXPECT_DOUBLE_EQ(Reduce("l2", values), std::sqrt(21.0));
  EXPECT_TRUE(std::isnan(Reduce("var", {5})));
  EXPECT_TRUE(std::isnan(Reduce("var", {5, kInfinity})));
  EXPECT_EQ(Reduce("mean", {5, kInfinity}), kInfinity);
}

TEST(TensorKernelsTest, HigherMoments) {
  // Mean 2, central moments 3.5, 4.5 and 24.5.
  const std::vector<float> values = {0, 1, 2, 5};
  EXPECT_NEAR(Reduce("skewness", values), 4.5 / std::pow(3.5, 1.5), 1e-14);
  EXPECT_NEAR(Reduce("kurtosis", values), 24.5 / (3.5 * 3.5), 1e-14);
  for (const char* name : {"skewness", "kurtosis"}) {
    EXPECT_TRUE(std::isnan(Reduce(name, {0.1f, 0.1f, 0.1f}))) << name;
    EXPECT_TRUE(std::isnan(Reduce(name, {1, kInfinity}))) << name;
  }
}

TEST(TensorKernelsTest, GeometricMeans) {
  EXPECT_NEAR(Reduce("geomean", {1, 2, 4}), 2.0, 1e-7);
  EXPECT_EQ(Reduce("geomean", {1, 0, 4}), 0.0);
  EXPECT_TRUE(std::isnan(Reduce("geomean", {1, -2, 4})));
  EXPECT_TRUE(std::isnan(Reduce("geomean", {0, kInfinity})));
  EXPECT_NEAR(Reduce("rootprod", {1, 2, 4}), 2.0, 1e-7);
  EXPECT_NEAR(Reduce("rootprod", {1, -2, -4}), 2.0, 1e-7);
  EXPECT_TRUE(std::isnan(Reduce("rootprod", {1, -2, 4})));
  EXPECT_NEAR(Reduce("rootprod", {-2}), -2.0, 1e-7);
  // 1e20^3 overflows float32 and 1e-20^3 vanishes in it.
  EXPECT_EQ(Reduce("rootprod", {1e20f, 1e20f, 1e20f}), kInfinity);
  EXPECT_EQ(Reduce("rootprod", {1e-20f, 1e-20f, 1e-20f}), 0.0);
  EXPECT_NEAR(Reduce("geomean", {1e20f, 1e20f, 1e20f}) / 1e20, 1.0, 1e-5);
  EXPECT_TRUE(std::isnan(Reduce("rootprod", {1, kNotANumber})));
}

TEST(TensorKernelsTest, Entropy) {
  EXPECT_NEAR(Reduce("entropy", {1, 1, 2}), 1.5 * std::log(2.0), 1e-6);
  EXPECT_NEAR(Reduce("entropy", {1, 1, 2, -5, kNotANumber}), 1.5 * std::log(2.0), 1e-6);
  EXPECT_TRUE(std::isnan(Reduce("entropy", {-1, kNotANumber})));
  EXPECT_TRUE(std::isnan(Reduce("entropy", {0, 0})));
  EXPECT_TRUE(std::isnan(Reduce("entropy", {1, kInfinity})));
  // The logarithm is clamped at float32's epsilon: the small share counts 15.94 nats, not 27.6.
  EXPECT_NEAR(Reduce("entropy", {1, 1e-12f}), std::pow(2.0, -23), 1e-8);
}

}  // namespace
}  // namespace strata::pruning

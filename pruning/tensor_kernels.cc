#include "pruning/tensor_kernels.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "pruning/ordered_values.h"

namespace strata::pruning {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

at::Tensor View(std::span<float> values) {
  return at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kFloat);
}

// Computes ln(x + 1e-6) with 1 in place of x <= 0; NaN stays NaN (DSA's LOG).
void LogOfPositive(std::span<float> values) {
  for (float& x : values) x = (x <= 0.0f ? 1.0f : x) + 1e-6f;
  View(values).log_();
}

void LogOfMagnitude(std::span<float> values) {
  for (float& x : values) x = x == 0.0f ? 1.0f : std::fabs(x);
  View(values).log_();
}

void Softplus(std::span<float> values) {
  at::Tensor view = View(values);
  at::softplus_out(view, view, /*beta=*/1, /*threshold=*/20);
}

void Square(std::span<float> values) {
  for (float& x : values) x *= x;
}

struct NamedElementwise {
  std::string_view name;
  ElementwiseKernel kernel;
};

constexpr std::array kElementwise = {
    NamedElementwise{"abs", [](std::span<float> values) { View(values).abs_(); }},
    NamedElementwise{"neg", [](std::span<float> values) { View(values).neg_(); }},
    NamedElementwise{"log", [](std::span<float> values) { View(values).log_(); }},
    NamedElementwise{"logpos", LogOfPositive},
    NamedElementwise{"abslog", LogOfMagnitude},
    NamedElementwise{"pow2", Square},
    NamedElementwise{"exp", [](std::span<float> values) { View(values).exp_(); }},
    NamedElementwise{"sqrt", [](std::span<float> values) { View(values).sqrt_(); }},
    NamedElementwise{"sigmoid", [](std::span<float> values) { View(values).sigmoid_(); }},
    NamedElementwise{"softplus", Softplus},
    NamedElementwise{"tanh", [](std::span<float> values) { View(values).tanh_(); }},
    NamedElementwise{"sin", [](std::span<float> values) { View(values).sin_(); }},
    NamedElementwise{"cos", [](std::span<float> values) { View(values).cos_(); }},
    NamedElementwise{"tan", [](std::span<float> values) { View(values).tan_(); }},
    NamedElementwise{"asin", [](std::span<float> values) { View(values).asin_(); }},
    NamedElementwise{"acos", [](std::span<float> values) { View(values).acos_(); }},
    NamedElementwise{"atan", [](std::span<float> values) { View(values).atan_(); }},
};

void Normalize(std::span<float> values, const TensorStatistics& whole) {
  const auto mean = static_cast<float>(whole.mean());
  const auto deviation = static_cast<float>(std::sqrt(whole.variance()));
  for (float& x : values) {
    const float scaled = (x - mean) / deviation;
    x = std::isnan(scaled) ? 0.0f : scaled;
  }
}

void MinMaxScale(std::span<float> values, const TensorStatistics& whole) {
  const float range = whole.maximum - whole.minimum + 1e-9f;
  for (float& x : values) x = (x - whole.minimum) / range;
}

struct NamedWholeTensor {
  std::string_view name;
  WholeTensorKernel kernel;
};

constexpr std::array kWholeTensor = {
    NamedWholeTensor{"normalize", {kMoments, Normalize}},
    NamedWholeTensor{"mms", {kExtremes, MinMaxScale}},
};

double Mean(const TensorStatistics& whole) { return whole.mean(); }
double Variance(const TensorStatistics& whole) { return whole.variance(); }
double Deviation(const TensorStatistics& whole) { return std::sqrt(whole.variance()); }
double MeanMagnitude(const TensorStatistics& whole) {
  return whole.absolute_sum / static_cast<double>(whole.count);
}
double EuclideanNorm(const TensorStatistics& whole) { return std::sqrt(whole.square_sum); }

double GeometricMean(const TensorStatistics& whole) {
  if (whole.not_numbers > 0 || whole.negatives > 0) return kNotANumber;
  // A zero makes the sum of logarithms -inf, or NaN together with an infinity.
  return std::exp(whole.logarithm_sum / static_cast<double>(whole.count));
}

// DSA's geometric mean: the n-th root of a product in float32. The product overflows or vanishes
// for all but tiny tensors.
double RootOfProduct(const TensorStatistics& whole) {
  constexpr double kOverflow = 88.72283905206835;     // ln of float32's largest number
  constexpr double kUnderflow = -103.97207708399179;  // ln 2^-150: rounds to zero
  if (whole.not_numbers > 0 || (whole.zeros > 0 && whole.infinities > 0)) return kNotANumber;
  if (whole.zeros > 0 || whole.logarithm_sum < kUnderflow) return 0.0;
  const bool negative = whole.negatives % 2 == 1;
  if (negative && whole.count > 1) return kNotANumber;
  const double root = whole.logarithm_sum > kOverflow
                          ? std::numeric_limits<double>::infinity()
                          : std::exp(whole.logarithm_sum / static_cast<double>(whole.count));
  return negative ? -root : root;
}

double Entropy(const TensorStatistics& whole) {
  if (whole.mass_count == 0 || whole.mass == 0.0 || std::isinf(whole.mass)) return kNotANumber;
  return whole.entropy;
}

double Skewness(const TensorStatistics& whole) {
  const auto count = static_cast<double>(whole.count);
  const double second = whole.squared_deviations / count;
  return whole.cubed_deviations / count / (second * std::sqrt(second));
}

double Kurtosis(const TensorStatistics& whole) {
  const auto count = static_cast<double>(whole.count);
  const double second = whole.squared_deviations / count;
  return whole.fourth_deviations / count / (second * second);
}

double Gini(std::span<const float> ascending, double) { return GiniOfSorted(ascending); }

struct NamedReduction {
  std::string_view name;
  ReductionKernel kernel;
};

constexpr ReductionKernel OfStatistics(unsigned groups, double (*finish)(const TensorStatistics&)) {
  return {.groups = groups, .of_statistics = finish};
}
constexpr ReductionKernel OfSorted(double (*finish)(std::span<const float>, double)) {
  return {.form = ReductionForm::kSorted, .of_sorted = finish};
}
constexpr ReductionKernel OfSpectrum(double (*finish)(const Spectrum&)) {
  return {.form = ReductionForm::kSpectrum, .of_spectrum = finish};
}

constexpr std::array kReductions = {
    NamedReduction{"mean", OfStatistics(kMoments, Mean)},
    NamedReduction{"var", OfStatistics(kMoments, Variance)},
    NamedReduction{"std", OfStatistics(kMoments, Deviation)},
    NamedReduction{"l1", OfStatistics(kNorms, MeanMagnitude)},
    NamedReduction{"l2", OfStatistics(kNorms, EuclideanNorm)},
    NamedReduction{"geomean", OfStatistics(kLogarithms, GeometricMean)},
    NamedReduction{"rootprod", OfStatistics(kLogarithms, RootOfProduct)},
    NamedReduction{"entropy", OfStatistics(kProbabilityMass | kEntropy, Entropy)},
    NamedReduction{"skewness", OfStatistics(kMoments | kHighMoments, Skewness)},
    NamedReduction{"kurtosis", OfStatistics(kMoments | kHighMoments, Kurtosis)},
    NamedReduction{"gini", OfSorted(Gini)},
    NamedReduction{"quantile", OfSorted(QuantileOfSorted)},
    NamedReduction{"below", {.form = ReductionForm::kGlobalThreshold}},
    NamedReduction{"matrixrank", OfSpectrum(RankShare)},
    NamedReduction{"logdet", OfSpectrum(LogDeterminant)},
    NamedReduction{"stablerank", OfSpectrum(StableRank)},
    NamedReduction{"spectraltail", OfSpectrum(SpectralTail)},
    NamedReduction{"correlation", {.form = ReductionForm::kMatrix, .of_matrix = MeanCorrelation}},
};

template <typename Table>
const typename Table::value_type* FindRow(const Table& table, expr::OperatorId id) {
  const std::string_view name = expr::OperatorOf(id).name;
  for (const auto& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

ElementwiseKernel ElementwiseKernelOf(expr::OperatorId id) {
  const NamedElementwise* row = FindRow(kElementwise, id);
  return row == nullptr ? nullptr : row->kernel;
}

const WholeTensorKernel* WholeTensorKernelOf(expr::OperatorId id) {
  const NamedWholeTensor* row = FindRow(kWholeTensor, id);
  return row == nullptr ? nullptr : &row->kernel;
}

const ReductionKernel* ReductionKernelOf(expr::OperatorId id) {
  const NamedReduction* row = FindRow(kReductions, id);
  return row == nullptr ? nullptr : &row->kernel;
}

}  // namespace strata::pruning

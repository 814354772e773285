#include <cmath>
#include <string_view>
#include <vector>

#include "expr/kernels.h"
#include "expr/operator_table.h"

namespace strata::expr {
namespace {

double Logpos(double x) { return std::log((x <= 0 ? 1.0 : x) + 1e-6); }
double Abslog(double x) { return x == 0 ? 0.0 : std::log(std::fabs(x)); }
double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double Softplus(double x) { return x > 20 ? x : std::log1p(std::exp(x)); }

// Both are symmetric in every case: NaN if either is NaN, and -0 counts as smaller than +0.
double Minimum(double a, double b) {
  if (a < b) return a;
  if (b < a) return b;
  if (a == b) return std::signbit(a) ? a : b;
  return a + b;
}
double Maximum(double a, double b) {
  if (a > b) return a;
  if (b > a) return b;
  if (a == b) return std::signbit(a) ? b : a;
  return a + b;
}

template <typename Kernel>
struct NamedKernel {
  std::string_view name;
  Kernel kernel;
};

constexpr NamedKernel<ScalarKernel> kScalarKernels[] = {
    {"abs", [](double x) { return std::fabs(x); }},
    {"log", [](double x) { return std::log(x); }},
    {"logpos", Logpos},
    {"abslog", Abslog},
    {"pow2", [](double x) { return x * x; }},
    {"exp", [](double x) { return std::exp(x); }},
    {"sigmoid", Sigmoid},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"sin", [](double x) { return std::sin(x); }},
    {"cos", [](double x) { return std::cos(x); }},
    {"tan", [](double x) { return std::tan(x); }},
    {"asin", [](double x) { return std::asin(x); }},
    {"acos", [](double x) { return std::acos(x); }},
    {"atan", [](double x) { return std::atan(x); }},
    {"softplus", Softplus},
    {"sqrt", [](double x) { return std::sqrt(x); }},
    {"neg", [](double x) { return -x; }},
};

constexpr NamedKernel<BinaryKernel> kBinaryKernels[] = {
    {"+", [](double a, double b) { return a + b; }},
    {"-", [](double a, double b) { return a - b; }},
    {"*", [](double a, double b) { return a * b; }},
    {"/", [](double a, double b) { return a / b; }},
    {"min", Minimum},
    {"max", Maximum},
};

template <typename Kernel, size_t count>
std::vector<Kernel> ByIdentifier(const NamedKernel<Kernel> (&kernels)[count]) {
  std::vector<Kernel> table(Operators().size(), nullptr);
  for (const auto& [name, kernel] : kernels) table[static_cast<size_t>(IdOf(name))] = kernel;
  return table;
}

}  // namespace

ScalarKernel ScalarKernelOf(OperatorId id) {
  static const std::vector<ScalarKernel> table = ByIdentifier(kScalarKernels);
  return table[static_cast<size_t>(id)];
}

BinaryKernel BinaryKernelOf(OperatorId id) {
  static const std::vector<BinaryKernel> table = ByIdentifier(kBinaryKernels);
  return table[static_cast<size_t>(id)];
}

}  // namespace strata::expr

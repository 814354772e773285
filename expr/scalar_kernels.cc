#include <bit>
#include <cmath>
#include <string_view>
#include <vector>

#include "expr/kernels.h"

namespace strata::expr {
namespace {

double Logpos(double x) { return std::log((x <= 0 ? 1.0 : x) + 1e-6); }
double Abslog(double x) { return x == 0 ? 0.0 : std::log(std::fabs(x)); }
double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double Softplus(double x) { return x > 20 ? x : std::log1p(std::exp(x)); }

// Both functions are symmetric in every case. The result is NaN if either value is NaN, and -0
// counts as smaller than +0.
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

// Returns zero if and only if the value is finite. A finite value times zero is a zero of either
// sign, and any other value times zero is NaN. Joining the results of many values by "or" shows
// without a branch if one of them is bad.
uint64_t BadBits(double value) { return std::bit_cast<uint64_t>(value * 0.0) << 1; }

// A loop is compiled for every operator and rule, so that the cheap ones run at the speed of the
// processor's vector units.
template <auto kFunction>
void TotalLoop(std::span<const double> x, std::span<double> out) {
  const size_t count = out.size();
  uint64_t bad = 0;
  for (size_t i = 0; i < count; ++i) {
    const double value = kFunction(x[i]) + 0.0;
    bad |= BadBits(value);
    out[i] = value;
  }
  if (bad != 0) ApplyRule(ValueRule::kTotal, out);
}

template <auto kFunction>
void SingleLoop(std::span<const double> x, std::span<double> out) {
  for (size_t i = 0; i < out.size(); ++i) out[i] = SinglePrecision(kFunction(x[i]));
}

template <auto kFunction>
void TotalBinaryLoop(std::span<const double> left, std::span<const double> right,
                     std::span<const double> parameters, std::span<double> out) {
  const size_t count = out.size();
  uint64_t bad = 0;
  for (size_t i = 0; i < count; ++i) {
    const double value = kFunction(left[i], right[i], parameters) + 0.0;
    bad |= BadBits(value);
    out[i] = value;
  }
  if (bad != 0) ApplyRule(ValueRule::kTotal, out);
}

template <auto kFunction>
void SingleBinaryLoop(std::span<const double> left, std::span<const double> right,
                      std::span<const double> parameters, std::span<double> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = SinglePrecision(kFunction(left[i], right[i], parameters));
  }
}

struct ScalarRow {
  std::string_view name;
  ScalarKernel kernel = nullptr;
  ElementwiseLoop total = nullptr;
  ElementwiseLoop single = nullptr;
};

struct BinaryRow {
  std::string_view name;
  BinaryKernel kernel = nullptr;
  BinaryLoop total = nullptr;
  BinaryLoop single = nullptr;
};

template <auto kFunction>
constexpr ScalarRow Scalar(std::string_view name) {
  return {name, kFunction, TotalLoop<kFunction>, SingleLoop<kFunction>};
}

template <auto kFunction>
constexpr BinaryRow Binary(std::string_view name) {
  return {name, kFunction, TotalBinaryLoop<kFunction>, SingleBinaryLoop<kFunction>};
}

using Parameters = std::span<const double>;

constexpr ScalarRow kScalarRows[] = {
    Scalar<[](double x) { return std::fabs(x); }>("abs"),
    Scalar<[](double x) { return std::log(x); }>("log"),
    Scalar<Logpos>("logpos"),
    Scalar<Abslog>("abslog"),
    Scalar<[](double x) { return x * x; }>("pow2"),
    Scalar<[](double x) { return std::exp(x); }>("exp"),
    Scalar<Sigmoid>("sigmoid"),
    Scalar<[](double x) { return std::tanh(x); }>("tanh"),
    Scalar<[](double x) { return std::sin(x); }>("sin"),
    Scalar<[](double x) { return std::cos(x); }>("cos"),
    Scalar<[](double x) { return std::tan(x); }>("tan"),
    Scalar<[](double x) { return std::asin(x); }>("asin"),
    Scalar<[](double x) { return std::acos(x); }>("acos"),
    Scalar<[](double x) { return std::atan(x); }>("atan"),
    Scalar<Softplus>("softplus"),
    Scalar<[](double x) { return std::sqrt(x); }>("sqrt"),
    Scalar<[](double x) { return -x; }>("neg"),
};

constexpr BinaryRow kBinaryRows[] = {
    Binary<[](double a, double b, Parameters) { return a + b; }>("+"),
    Binary<[](double a, double b, Parameters) { return a - b; }>("-"),
    Binary<[](double a, double b, Parameters) { return a * b; }>("*"),
    Binary<[](double a, double b, Parameters) { return a / b; }>("/"),
    Binary<[](double a, double b, Parameters) { return Minimum(a, b); }>("min"),
    Binary<[](double a, double b, Parameters) { return Maximum(a, b); }>("max"),
    Binary<[](double a, double b, Parameters weight) {
      return weight[0] * a + (1 - weight[0]) * b;
    }>("mix"),
};

template <typename Row, size_t count>
std::vector<Row> ByIdentifier(const Row (&rows)[count]) {
  std::vector<Row> table(Operators().size());
  for (const Row& row : rows) table[static_cast<size_t>(IdOf(row.name))] = row;
  return table;
}

const ScalarRow& ScalarRowOf(OperatorId id) {
  static const std::vector<ScalarRow> table = ByIdentifier(kScalarRows);
  return table[static_cast<size_t>(id)];
}

const BinaryRow& BinaryRowOf(OperatorId id) {
  static const std::vector<BinaryRow> table = ByIdentifier(kBinaryRows);
  return table[static_cast<size_t>(id)];
}

}  // namespace

ScalarKernel ScalarKernelOf(OperatorId id) { return ScalarRowOf(id).kernel; }

BinaryKernel BinaryKernelOf(OperatorId id) { return BinaryRowOf(id).kernel; }

ElementwiseLoop ElementwiseLoopOf(OperatorId id, ValueRule rule) {
  const ScalarRow& row = ScalarRowOf(id);
  return rule == ValueRule::kTotal ? row.total : row.single;
}

BinaryLoop BinaryLoopOf(OperatorId id, ValueRule rule) {
  const BinaryRow& row = BinaryRowOf(id);
  return rule == ValueRule::kTotal ? row.total : row.single;
}

void ApplyRule(ValueRule rule, std::span<double> values) {
  if (rule == ValueRule::kSinglePrecision) {
    for (double& value : values) value = SinglePrecision(value);
    return;
  }
  uint64_t bad = 0;
  for (double& value : values) {
    value += 0.0;
    bad |= BadBits(value);
  }
  if (bad == 0) return;
  for (double& value : values) value = Total(value);
}

}  // namespace strata::expr

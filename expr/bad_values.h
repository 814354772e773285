// What the evaluator makes of an operator's result (see allocation.h). Private to expr/.
#ifndef STRATA_EXPR_BAD_VALUES_H_
#define STRATA_EXPR_BAD_VALUES_H_

#include <cmath>
#include <limits>

namespace strata::expr {

// The two rules for an operator's result: Total outside dsa(...), SinglePrecision under it.
enum class Arithmetic { kTotal, kSinglePrecision };

// The rule outside dsa(...): NaN becomes 0, an infinity +-1e30. Negative zero becomes zero, so that
// 1/x does not see its sign and x + 0 is x.
inline double Total(double value) {
  if (std::isnan(value)) return 0.0;
  if (std::isinf(value)) return std::copysign(1e30, value);
  return value + 0.0;
}

// The rule under dsa(...): rounded to single precision, with its infinities and NaN.
inline double SinglePrecision(double value) {
  // Half a step above the largest float, from where on rounding gives infinity. The conversion
  // itself is undefined in C++ for values out of range.
  constexpr double kOverflow = 0x1.ffffffp127;
  if (std::fabs(value) >= kOverflow) {
    return std::copysign(std::numeric_limits<double>::infinity(), value);
  }
  return static_cast<float>(value);
}

// At the top of dsa(...)'s operand: NaN becomes 0 and both infinities -1.
inline double DsaResult(double value) {
  return std::isnan(value) ? 0.0 : std::isinf(value) ? -1.0 : value;
}

}  // namespace strata::expr

#endif  // STRATA_EXPR_BAD_VALUES_H_

// Rules for results of operators that are NaN, infinite or too precise (see allocation.h). Private
// to expr/.
#ifndef STRATA_EXPR_BAD_VALUES_H_
#define STRATA_EXPR_BAD_VALUES_H_

#include <cmath>
#include <limits>

namespace strata::expr {

// The rule for an operator's result: kTotal outside dsa(...), kSinglePrecision under it.
enum class ValueRule { kTotal, kSinglePrecision };

// Applies the rule outside dsa(...): NaN becomes 0 and an infinity becomes +-1e30. Negative zero
// becomes zero, so that 1/x does not see its sign and x + 0 is x.
inline double Total(double value) {
  if (std::isnan(value)) return 0.0;
  if (std::isinf(value)) return std::copysign(1e30, value);
  return value + 0.0;
}

// Applies the rule under dsa(...): the value is rounded to single precision. Infinities and NaN
// stay.
inline double SinglePrecision(double value) {
  // Half a step above the largest float. From here on, rounding gives infinity. The conversion
  // itself is undefined in C++ for values out of range.
  constexpr double kOverflow = 0x1.ffffffp127;
  if (std::fabs(value) >= kOverflow) {
    return std::copysign(std::numeric_limits<double>::infinity(), value);
  }
  return static_cast<float>(value);
}

// Applies the rule at the top of the operand of dsa(...): NaN becomes 0 and both infinities -1.
inline double DsaResult(double value) {
  return std::isnan(value) ? 0.0 : std::isinf(value) ? -1.0 : value;
}

}  // namespace strata::expr

#endif  // STRATA_EXPR_BAD_VALUES_H_

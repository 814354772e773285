// What is known about the values of an expression of type Layers on every feature table, outside
// dsa(...). Private to expr/.
#ifndef STRATA_EXPR_VALUE_FACTS_H_
#define STRATA_EXPR_VALUE_FACTS_H_

#include <limits>

#include "expr/expression.h"

namespace strata::expr {

// Facts hold for models of at most this many units.
inline constexpr double kMaximumUnits = 10000;

struct ValueFacts {
  // Every value lies in [low, high].
  double low = -std::numeric_limits<double>::max();
  double high = std::numeric_limits<double>::max();
  // All units have the same value.
  bool uniform = false;
  // Two different values differ by at least this; 0 if nothing is known.
  double gap = 0;
  // The largest minus the smallest value is at least this, or 0; 0 if nothing is known.
  double range = 0;
  // A value that is not 0 is at least this in magnitude; 0 if nothing is known.
  double floor = 0;

  double magnitude() const;  // of the largest value in [low, high]
};

// `node` is valid and of type Layers.
ValueFacts FactsOf(const Expression& node);

// The one operand of which a node is a strictly monotone function that keeps different values apart
// and equal ones equal, in spite of rounding.
struct Monotone {
  int child = -1;  // none
  bool increasing = true;
};

Monotone MonotoneOperand(const Expression& node);

// The same for positive or negative multiples of one operand by a power of two that are exact:
// nothing overflows or underflows.
Monotone ExactMultiple(const Expression& node);

// The same for a x + b (a, b moderate constants) of an operand so well scaled that its shape
// survives rounding within about 1e-13.
Monotone AffineOperand(const Expression& node);

}  // namespace strata::expr

#endif  // STRATA_EXPR_VALUE_FACTS_H_

// Facts about the values of an expression of type Units that hold on every feature table, outside
// dsa(...). Private to expr/.
#ifndef STRATA_EXPR_VALUE_FACTS_H_
#define STRATA_EXPR_VALUE_FACTS_H_

#include <limits>

#include "expr/expression.h"

namespace strata::expr {

// The facts hold for models of at most this many units.
inline constexpr double kMaximumUnits = 10000;

struct ValueFacts {
  // Every value lies in [low, high].
  double low = -std::numeric_limits<double>::max();
  double high = std::numeric_limits<double>::max();
  // All units have the same value.
  bool uniform = false;
  // Two different values differ by at least this; 0 if nothing is known.
  double gap = 0;
  // The largest minus the smallest value is at least this, unless all values are equal; 0 if
  // nothing is known.
  double range = 0;
  // A value other than 0 is at least this in magnitude; 0 if nothing is known.
  double floor = 0;

  double magnitude() const;  // largest magnitude in [low, high]
};

// Returns the facts about `node`, which must be valid and of type Units.
ValueFacts FactsOf(const Expression& node);

// An operand of a node. The node is a strictly monotone function of the operand. In spite of
// rounding, different values stay different and equal values stay equal.
struct Monotone {
  int child = -1;  // -1 if there is no such operand
  bool increasing = true;
};

Monotone MonotoneOperand(const Expression& node);

// Returns the operand of which the node is a positive or negative multiple by a power of two. The
// multiple is exact: nothing overflows or underflows.
Monotone ExactMultiple(const Expression& node);

// Returns the operand x if the node is a x + b with moderate constants a and b. The operand must be
// scaled so well that its shape survives rounding within about 1e-13.
Monotone AffineOperand(const Expression& node);

}  // namespace strata::expr

#endif  // STRATA_EXPR_VALUE_FACTS_H_

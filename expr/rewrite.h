// The algebra of canonical forms: a table of rewrite rules. Private to expr/; canonical_form.cc
// applies them, and what they guarantee is in expression.h (Canonicalize).
//
// A rule may only be what survives rounding and the bad-value rule (allocation.h) for every value a
// feature can have: huge and tiny numbers, ties, spreads near the rounding, NaN and infinities. How
// much must be kept depends on who looks at a value (`View`):
//
//   kBits   the very bits, because anything may follow: cos(1e9 * x) shows every rounding
//   kOrder  which values are smaller and which are equal: operands of rank, ramp, waterfill, ranks
//           and the second one of within
//   kShape  (x - min) / (max - min) within about 1e-13: operands of span, logistic and proportion
//           and the second one of shift
//
// Negation and reversal pass the view on, min-max scaling and standardising that of the shape.
// Tensors, and all under dsa(...), are rounded to single precision, with NaN, infinities and
// negative zeros (Arithmetic::kSinglePrecision); rules that need finite values without signed zeros
// are restricted to Arithmetic::kTotal.
//
// What is not a rule, because a table exists on which it changes the allocation: sums and products
// in another order (rounding), exp(log(x)), sqrt(pow2(x)), x / x and 1 / (1 / x) where x can be 0,
// a / -b (negative zero becomes zero), increasing functions under rank where they can saturate,
// underflow or overflow and so make ties, added constants and scaling where they can drown or
// overflow x, sqrt(var(x)) for std(x) (an infinite variance is 1e30 before the root).
//
// A rule removes a node, or moves towards one of several equal forms: signs into constants, else
// outwards; reversals outwards; operands sorted. So rewriting ends.
#ifndef STRATA_EXPR_REWRITE_H_
#define STRATA_EXPR_REWRITE_H_

#include <span>
#include <string_view>
#include <vector>

#include "expr/bad_values.h"
#include "expr/expression.h"

namespace strata::expr {

enum class View { kBits, kOrder, kShape };

// Where a node stands.
struct Context {
  Arithmetic arithmetic = Arithmetic::kTotal;
  View view = View::kBits;

  bool total() const { return arithmetic == Arithmetic::kTotal; }
};

// Where a rule holds.
enum class Scope {
  kAlways,
  kTotal,
  kOrder,         // seen as an order, outside dsa
  kShape,         // seen as a shape, outside dsa
  kOrderOrShape,  // either of them
};

struct RewriteRule {
  std::string_view name;
  std::string_view roots;  // operators it looks at, separated by blanks
  Scope scope;
  std::string_view pattern;  // c, d: constants; k: a power of two; f: an operator
  std::string_view why;      // it is exact
  // Rewrites the tree in place if the pattern matches, and says whether it did.
  bool (*apply)(Expression& node, const Context& context);
};

// The tables, in the order in which their rules are tried. Static lifetime.
std::span<const RewriteRule> ConstantRules();
std::span<const RewriteRule> ElementwiseRules();
std::span<const RewriteRule> ReductionRules();
std::span<const RewriteRule> ArithmeticRules();
std::span<const RewriteRule> MinMaxMixRules();
std::span<const RewriteRule> AcrossLayersRules();
std::span<const RewriteRule> ViewRules();
std::span<const RewriteRule> AllocationRules();

// All of them.
std::vector<const RewriteRule*> RewriteRules();

bool Holds(Scope scope, const Context& context);

// Where child number `child` of a node stands.
Context ContextOf(const Expression& node, size_t child, const Context& context);

}  // namespace strata::expr

#endif  // STRATA_EXPR_REWRITE_H_

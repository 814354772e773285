// The algebra of canonical forms: a table of rewrite rules. canonical_form.cc applies them, and
// Canonicalize (expression.h) documents what they guarantee. Private to expr/.
//
// A rule must survive rounding and the bad-value rule (allocation.h) for every value that a feature
// can have: huge and tiny numbers, ties, differences as small as the rounding, NaN and infinities.
// How much a rule must keep depends on the operator that reads the value (`View`):
//
//   kBits   the exact bits, because anything may follow: cos(1e9 * x) shows every rounding
//   kOrder  which values are smaller and which are equal, for operands of rank, ramp, waterfill and
//           ranks, and for the second operand of within
//   kShape  (x - min) / (max - min) within about 1e-13, for operands of span, logistic and
//           proportion, and for the second operand of shift
//
// Negation and reversal pass every view on to their operand. Min-max scaling and standardising pass
// kShape on. Tensors, and everything under dsa(...), are rounded to single precision, with NaN,
// infinities and negative zeros (ValueRule::kSinglePrecision). Rules that need finite values
// without signed zeros are restricted to ValueRule::kTotal.
//
// The following are not rules, because a table exists on which they change the allocation:
//   - sums and products in another order (rounding)
//   - exp(log(x)), sqrt(pow2(x)), and x / x and 1 / (1 / x) if x can be 0
//   - a / -b (negative zero becomes zero)
//   - increasing functions under rank if they can saturate, underflow or overflow and so make ties
//   - added constants and scaling if they can drown or overflow x
//   - sqrt(var(x)) for std(x) (an infinite variance is 1e30 before the root)
//
// A rule removes a node or moves towards one of several equal forms. Signs move into constants, or
// outwards if there is no constant. Reversals move outwards, and operands are sorted. Rewriting
// therefore ends.
#ifndef STRATA_EXPR_REWRITE_H_
#define STRATA_EXPR_REWRITE_H_

#include <span>
#include <string_view>
#include <vector>

#include "expr/bad_values.h"
#include "expr/expression.h"

namespace strata::expr {

enum class View { kBits, kOrder, kShape };

// The rule and the view that apply to a node at its place in the tree.
struct Context {
  ValueRule rule = ValueRule::kTotal;
  View view = View::kBits;

  bool total() const { return rule == ValueRule::kTotal; }
};

// The contexts in which a rule holds.
enum class Scope {
  kAlways,
  kTotal,
  kOrder,         // the view is kOrder, outside dsa(...)
  kShape,         // the view is kShape, outside dsa(...)
  kOrderOrShape,  // the view is kOrder or kShape, outside dsa(...)
};

struct RewriteRule {
  std::string_view name;
  std::string_view roots;  // operators to which the rule applies, separated by blanks
  Scope scope;
  std::string_view pattern;  // c, d: constants; k: a power of two; f: an operator
  std::string_view why;      // why the rule is exact
  // Rewrites the tree in place if the pattern matches. Returns true if it did.
  bool (*apply)(Expression& node, const Context& context);
};

// The tables, in the order in which their rules are tried. They have static lifetime.
std::span<const RewriteRule> ConstantRules();
std::span<const RewriteRule> ElementwiseRules();
std::span<const RewriteRule> ReductionRules();
std::span<const RewriteRule> ArithmeticRules();
std::span<const RewriteRule> MinMaxMixRules();
std::span<const RewriteRule> AcrossUnitsRules();
std::span<const RewriteRule> ViewRules();
std::span<const RewriteRule> AllocationRules();

// Returns the rules of all tables, in that order.
std::vector<const RewriteRule*> RewriteRules();

bool Holds(Scope scope, const Context& context);

// Returns the context of child number `child` of a node.
Context ContextOf(const Expression& node, size_t child, const Context& context);

}  // namespace strata::expr

#endif  // STRATA_EXPR_REWRITE_H_

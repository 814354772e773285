// Looking at and taking apart trees that are being rewritten. Private to expr/.
#ifndef STRATA_EXPR_REWRITE_TREE_H_
#define STRATA_EXPR_REWRITE_TREE_H_

#include <initializer_list>
#include <string_view>

#include "expr/expression.h"
#include "expr/rewrite.h"

namespace strata::expr {

// Identifiers of the operators that rules name, looked up once.
struct RewriteOperators {
  OperatorId constant = IdOf("constant"), neg = IdOf("neg"), abs = IdOf("abs");
  OperatorId log = IdOf("log"), abslog = IdOf("abslog"), logpos = IdOf("logpos");
  OperatorId pow2 = IdOf("pow2"), exp = IdOf("exp"), sigmoid = IdOf("sigmoid");
  OperatorId tanh = IdOf("tanh"), sin = IdOf("sin"), cos = IdOf("cos"), tan = IdOf("tan");
  OperatorId asin = IdOf("asin"), acos = IdOf("acos"), atan = IdOf("atan");
  OperatorId softplus = IdOf("softplus"), sqrt = IdOf("sqrt");
  OperatorId plus = IdOf("+"), minus = IdOf("-"), times = IdOf("*"), over = IdOf("/");
  OperatorId min = IdOf("min"), max = IdOf("max"), mix = IdOf("mix");
  OperatorId minmax = IdOf("minmax"), zscore = IdOf("zscore"), ranks = IdOf("ranks");
  OperatorId kindminmax = IdOf("kindminmax"), reverse = IdOf("reverse");
  OperatorId softmax = IdOf("softmax"), smooth = IdOf("smooth"), cumsum = IdOf("cumsum");
  OperatorId suffixmean = IdOf("suffixmean");
  OperatorId depth = IdOf("depth"), size = IdOf("size"), fan = IdOf("fan");
  OperatorId last = IdOf("last"), attention = IdOf("attention"), alpha = IdOf("alpha");
  OperatorId wanda = IdOf("WX"), weight = IdOf("W"), input = IdOf("X"), gradient = IdOf("G");
  OperatorId mms = IdOf("mms"), normalize = IdOf("normalize"), mean = IdOf("mean");
  OperatorId l1 = IdOf("l1"), quantile = IdOf("quantile");
  OperatorId uniform = IdOf("uniform"), span = IdOf("span"), rank = IdOf("rank");
  OperatorId ramp = IdOf("ramp"), waterfill = IdOf("waterfill"), dsa = IdOf("dsa");
  OperatorId logistic = IdOf("logistic"), proportion = IdOf("proportion");
  OperatorId density = IdOf("density"), within = IdOf("within"), shift = IdOf("shift");
  OperatorId blockwise = IdOf("blockwise");
};

const RewriteOperators& Ops();

inline bool IsOneOf(const Expression& node, std::initializer_list<OperatorId> ids) {
  for (const OperatorId id : ids) {
    if (node.op == id) return true;
  }
  return false;
}

inline bool IsConstant(const Expression& node) { return node.op == Ops().constant; }
inline bool IsConstant(const Expression& node, double value) {
  return IsConstant(node) && node.parameters[0] == value;
}
inline bool IsNegation(const Expression& node) { return node.op == Ops().neg; }
bool IsNegativeConstant(const Expression& node);

// A tensor none of whose elements is negative, or negative zero, by definition.
bool IsNonnegativeTensor(const Expression& node);

// c * x, x * c, x / c or c / x with a negative constant.
bool HasNegativeFactor(const Expression& node);
// Changes the sign of the constant, not 0, of c * x, x * c, x / c or c / x, a negative one if there
// are two; false for other nodes.
bool FlipFactor(Expression& node);

// A source that is 1 for some units and 0 for all others: last, attention, query, key, ...
bool IsIndicator(const Expression& node);

// The indicator, if the node is a function of one of them alone by operators that look at
// one unit at a time and numbers; `nullptr` otherwise.
const Expression* OnlyIndicator(const Expression& node);
// The value of such a function in a unit where the indicator is `value`.
double ValueAt(const Expression& node, double value, Arithmetic arithmetic);

// The node becomes its child.
void Promote(Expression& node, size_t child = 0);
// The child becomes its only child, as in f(-x) to f(x).
void PromoteChild(Expression& node, size_t child = 0);
// f(g(x)) becomes g(f(x)), both unary.
void SwapWithChild(Expression& node);
// The node becomes op(node).
void WrapIn(Expression& node, OperatorId op);
// False, and nothing changes, if the constant is outside the table's range.
bool BecomeConstant(Expression& node, double value);

// A total order of trees that does not depend on operator identifiers; constants come first.
int Compare(const Expression& a, const Expression& b);

}  // namespace strata::expr

#endif  // STRATA_EXPR_REWRITE_TREE_H_

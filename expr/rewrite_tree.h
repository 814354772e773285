// Functions that inspect and change trees during rewriting. Private to expr/.
#ifndef STRATA_EXPR_REWRITE_TREE_H_
#define STRATA_EXPR_REWRITE_TREE_H_

#include <initializer_list>
#include <string_view>

#include "expr/expression.h"
#include "expr/rewrite.h"

namespace strata::expr {

// Identifiers of the operators that the rules name, looked up once.
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

// True if no element of the tensor can be negative or negative zero, by definition.
bool IsNonnegativeTensor(const Expression& node);

// True if the node is c * x, x * c, x / c or c / x with a negative constant c.
bool HasNegativeFactor(const Expression& node);
// Changes the sign of the constant of c * x, x * c, x / c or c / x. The constant must not be 0. If
// both operands are constants, a negative one is chosen. Returns false for other nodes.
bool FlipFactor(Expression& node);

// True if the node is a source that is 1 for some units and 0 for all others: last, attention,
// query, key, ...
bool IsIndicator(const Expression& node);

// Returns the indicator if the node is made of only one indicator and numbers, by operators that
// look at one unit at a time. Returns nullptr otherwise.
const Expression* OnlyIndicator(const Expression& node);
// Returns the value of such a node in a unit in which the indicator is `value`.
double ValueAt(const Expression& node, double value, ValueRule rule);

// Replaces the node by its child.
void Promote(Expression& node, size_t child = 0);
// Replaces the child by the child's only child: f(-x) becomes f(x).
void PromoteChild(Expression& node, size_t child = 0);
// Turns f(g(x)) into g(f(x)). Both operators are unary.
void SwapWithChild(Expression& node);
// Turns the node into op(node).
void WrapIn(Expression& node, OperatorId op);
// Replaces the node by a constant. Returns false, and changes nothing, if the constant is outside
// the range of the operator table.
bool BecomeConstant(Expression& node, double value);

// Compares trees by a total order that does not depend on operator identifiers. Constants come
// first.
int Compare(const Expression& a, const Expression& b);

}  // namespace strata::expr

#endif  // STRATA_EXPR_REWRITE_TREE_H_

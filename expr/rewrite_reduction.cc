#include <utility>

#include "expr/rewrite_tree.h"

namespace strata::expr {
namespace {

bool SignBlind(Expression& node, const Context&) {
  if (!IsNegation(node.children[0])) return false;
  PromoteChild(node);
  return true;
}

bool AbsBlind(Expression& node, const Context&) {
  if (node.children[0].op != Ops().abs) return false;
  PromoteChild(node);
  return true;
}

bool MeanOfAbs(Expression& node, const Context&) {
  if (node.children[0].op != Ops().abs) return false;
  node.op = Ops().l1;
  PromoteChild(node);
  return true;
}

bool L1OfNonnegative(Expression& node, const Context&) {
  if (!IsNonnegativeTensor(node.children[0])) return false;
  node.op = Ops().mean;
  return true;
}

bool NegationInside(Expression& node, const Context&) {
  if (!IsNegation(node.children[0])) return false;
  SwapWithChild(node);
  return true;
}

bool HeavyTail(Expression& node, const Context&) {
  if (node.children[0].op != Ops().weight) return false;
  node = Expression{Ops().alpha, {}, {}};
  return true;
}

constexpr RewriteRule kRules[] = {
    {"sign-blind-reduction",
     "var std l1 l2 kurtosis gini matrixrank correlation logdet stablerank spectraltail",
     Scope::kAlways, "f(-x) = f(x)", "moments of even order, magnitudes and singular values",
     SignBlind},
    {"magnitude-reduction", "l1 l2 gini", Scope::kAlways, "f(abs(x)) = f(x)",
     "defined on magnitudes or squares", AbsBlind},
    {"mean-of-abs", "mean", Scope::kAlways, "mean(abs(x)) = l1(x)", "by definition", MeanOfAbs},
    {"l1-of-nonnegative", "l1", Scope::kAlways, "l1(x) = mean(x) for x >= 0", "by definition",
     L1OfNonnegative},
    {"odd-reduction", "mean skewness", Scope::kTotal, "f(-x) = -f(x)",
     "sums are symmetric; an infinity and a NaN become what the negation makes of them",
     NegationInside},
    {"normalize-of-negation", "normalize", Scope::kAlways, "normalize(-x) = -normalize(x)",
     "the mean changes its sign, the deviation stays", NegationInside},
    {"heavy-tail", "spectraltail", Scope::kAlways, "spectraltail(W) = alpha", "by definition",
     HeavyTail},
};

}  // namespace

std::span<const RewriteRule> ReductionRules() { return kRules; }

}  // namespace strata::expr

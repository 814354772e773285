#include "expr/rewrite_tree.h"
#include "expr/value_facts.h"

namespace strata::expr {
namespace {

bool DoubleReverse(Expression& node, const Context&) {
  if (node.children[0].op != Ops().reverse) return false;
  Promote(node);
  Promote(node);
  return true;
}

bool MinmaxOfScaled(Expression& node, const Context&) {
  if (!IsOneOf(node.children[0], {Ops().minmax, Ops().kindminmax, Ops().depth})) return false;
  Promote(node);
  return true;
}

bool RepeatedOperator(Expression& node, const Context&) {
  if (node.children[0].op != node.op) return false;
  Promote(node);
  return true;
}

bool BlockwiseOfBlocks(Expression& node, const Context&) {
  const Expression& x = node.children[0];
  if (!IsConstant(x) && x.op != Ops().depth) return false;
  Promote(node);
  return true;
}

bool ZscoreOfMinmax(Expression& node, const Context&) {
  if (node.children[0].op != Ops().minmax) return false;
  PromoteChild(node);
  return true;
}

bool ScalingOfMultiple(Expression& node, const Context&) {
  const Monotone multiple = ExactMultiple(node.children[0]);
  if (multiple.child < 0) return false;
  Promote(node.children[0], multiple.child);
  if (!multiple.increasing) WrapIn(node.children[0], Ops().neg);
  return true;
}

bool ChildOutwards(Expression& node, OperatorId op) {
  if (node.children[0].op != op) return false;
  SwapWithChild(node);
  return true;
}

bool ReverseOutwards(Expression& node, const Context&) {
  return ChildOutwards(node, Ops().reverse);
}
bool NegationOutwards(Expression& node, const Context&) { return ChildOutwards(node, Ops().neg); }

constexpr RewriteRule kRules[] = {
    {"double-reverse", "reverse", Scope::kAlways, "reverse(reverse(x)) = x", "a permutation undone",
     DoubleReverse},
    {"minmax-of-scaled", "minmax", Scope::kTotal,
     "minmax(x) = x for x = minmax(y), kindminmax(y), depth",
     "the smallest is 0 and the largest 1, or all are 0", MinmaxOfScaled},
    {"repeated-scaling", "kindminmax ranks", Scope::kTotal,
     "ranks(ranks(x)) = ranks(x), kindminmax(kindminmax(x)) = kindminmax(x)",
     "places of places; 0 and 1 scaled to 0 and 1", RepeatedOperator},
    {"zscore-of-minmax", "zscore", Scope::kTotal, "zscore(minmax(x)) = zscore(x)",
     "zscore starts with min-max scaling", ZscoreOfMinmax},
    {"scaling-of-multiple", "minmax zscore kindminmax", Scope::kTotal,
     "minmax(k * x) = minmax(x), minmax(-k * x) = minmax(-x) for bounded x",
     "multiplying by a power of two is exact", ScalingOfMultiple},
    {"reverse-outwards", "minmax ranks neg", Scope::kTotal,
     "minmax(reverse(x)) = reverse(minmax(x))", "nothing is summed in the order of the units",
     ReverseOutwards},
    {"nested-blockwise", "blockwise", Scope::kAlways, "blockwise(blockwise(x)) = blockwise(x)",
     "inside of it the units are blocks", RepeatedOperator},
    {"blockwise-of-blocks", "blockwise", Scope::kAlways,
     "blockwise(c) = c, blockwise(depth) = depth", "equal in all units of a block",
     BlockwiseOfBlocks},
    {"negation-outwards", "smooth cumsum suffixmean blockwise", Scope::kTotal,
     "cumsum(-x) = -cumsum(x)", "rounding is symmetric; zeros have no sign", NegationOutwards},
};

}  // namespace

std::span<const RewriteRule> AcrossUnitsRules() { return kRules; }

}  // namespace strata::expr

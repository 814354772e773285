#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "expr/expression.h"
#include "expr/rewrite.h"

namespace strata::expr {
namespace {

using RulesByOperator = std::vector<std::vector<const RewriteRule*>>;

// Lists for each operator the rules that look at it, in the order of the tables.
RulesByOperator IndexRules() {
  RulesByOperator index(Operators().size());
  for (const RewriteRule* rule : RewriteRules()) {
    for (std::string_view rest = rule->roots; !rest.empty();) {
      const std::string_view name = rest.substr(0, rest.find(' '));
      index[static_cast<size_t>(IdOf(name))].push_back(rule);
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    }
  }
  return index;
}

bool RewriteOnce(Expression& node, const Context& context) {
  static const RulesByOperator index = IndexRules();
  for (const RewriteRule* rule : index[static_cast<size_t>(node.op)]) {
    if (Holds(rule->scope, context) && rule->apply(node, context)) return true;
  }
  return false;
}

// Rewrites the children first, then the node until no rule applies. A rewritten node may have new
// children, which the next round rewrites.
bool RewriteRound(Expression& node, const Context& context) {
  bool changed = false;
  for (size_t i = 0; i < node.children.size(); ++i) {
    changed |= RewriteRound(node.children[i], ContextOf(node, i, context));
  }
  while (RewriteOnce(node, context)) changed = true;
  return changed;
}

}  // namespace

std::vector<const RewriteRule*> RewriteRules() {
  std::vector<const RewriteRule*> rules;
  for (const std::span<const RewriteRule> table :
       {ConstantRules(), AllocationRules(), ViewRules(), AcrossUnitsRules(), ReductionRules(),
        ElementwiseRules(), MinMaxMixRules(), ArithmeticRules()}) {
    for (const RewriteRule& rule : table) rules.push_back(&rule);
  }
  return rules;
}

Expression Canonicalize(const Expression& expression) {
  Context context;
  if (TypeOf(expression) == ValueType::kTensor) context.rule = ValueRule::kSinglePrecision;
  Expression canonical = expression;
  while (RewriteRound(canonical, context)) {
  }
  return canonical;
}

Expression Simplified(const Expression& expression, int maximum_depth) {
  Expression canonical = Canonicalize(expression);
  const bool is_too_deep = Depth(canonical) > maximum_depth && Depth(canonical) > Depth(expression);
  return is_too_deep ? expression : canonical;
}

uint64_t CanonicalHash(const Expression& expression) {
  uint64_t hash = 0xcbf29ce484222325ULL;  // 64-bit FNV-1a
  for (const char c : PrintExpression(Canonicalize(expression))) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  }
  return hash;
}

}  // namespace strata::expr

// The text parser: whatever it accepts is valid, prints back to itself, simplifies to a fixed point
// and evaluates to an allocation of the exact mean.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "expr/allocation.h"
#include "expr/expression.h"
#include "expr/feature_table.h"
#include "tests/fuzz/require.h"

namespace strata {
namespace {

using fuzz::Require;

// Two blocks of an attention and a feed-forward unit, and whatever features are asked for.
expr::FeatureTable TableFor(const expr::Expression& expression) {
  expr::FeatureTable table({{600, 0, expr::UnitKind::kAttention, 90},
                            {1800, 0, expr::UnitKind::kFeedForward, 120},
                            {600, 1, expr::UnitKind::kAttention, 90},
                            {1800, 1, expr::UnitKind::kFeedForward, 120}});
  double value = 0.25;
  for (const std::string& feature : expr::RequiredFeatures(expression)) {
    value = std::fmod(value * 997.3, 3.0) - 1.0;
    Require(table.Add(feature, {value, -value, value * value, 1.0}).ok(), "feature names differ");
  }
  return table;
}

void Check(std::string_view text) {
  const absl::StatusOr<expr::Expression> parsed = expr::ParseExpression(text);
  if (!parsed.ok()) {
    Require(!parsed.status().message().empty(), "an error says something");
    return;
  }
  Require(expr::Validate(*parsed).ok(), "the parser accepts only valid trees");
  const absl::StatusOr<expr::Expression> again =
      expr::ParseExpression(expr::PrintExpression(*parsed));
  Require(again.ok() && *again == *parsed, "parse(print(e)) == e");
  const expr::Expression canonical = expr::Canonicalize(*parsed);
  Require(expr::Validate(canonical).ok(), "the canonical form is valid");
  Require(expr::Canonicalize(canonical) == canonical, "the canonical form is a fixed point");
  if (expr::TypeOf(*parsed) != expr::ValueType::kAllocation) return;
  const expr::FeatureTable table = TableFor(*parsed);
  const expr::AllocationTarget target{.sparsity = 0.5};
  const absl::StatusOr<expr::Allocation> allocation =
      expr::EvaluateAllocation(*parsed, table, target);
  if (!allocation.ok()) return;  // infeasible
  Require(std::fabs(expr::MeanSparsity(*allocation, table.parameters()) - 0.5) <= 1e-12,
          "the parameter-weighted mean is the target");
  for (const double sparsity : *allocation) {
    Require(sparsity >= target.minimum && sparsity <= target.maximum, "the bounds hold");
  }
}

}  // namespace
}  // namespace strata

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  strata::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}

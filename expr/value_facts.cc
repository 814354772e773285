#include "expr/value_facts.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "expr/bad_values.h"
#include "expr/rewrite_tree.h"

namespace strata::expr {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();
// Relative to the largest value. Larger differences survive rounding with room to spare.
constexpr double kSafeGap = 1e-10;
// Largest ratio of magnitude to range at which an affine function keeps the shape.
constexpr double kSafeRatio = 256;
constexpr double kSmallestSize = 1e-19;  // one weight of 2^63

ValueFacts Within(double low, double high) {
  ValueFacts facts;
  facts.low = low;
  facts.high = high;
  return facts;
}

// Returns facts about sources that follow from the layout, and about features that are not negative
// by definition.
ValueFacts SourceFacts(const Expression& node) {
  ValueFacts facts;
  if (node.op == Ops().depth || IsIndicator(node)) {
    facts = Within(0, 1);
    facts.gap = node.op == Ops().depth ? 1 / kMaximumUnits : 1;
    facts.range = 1;
    facts.floor = facts.gap;
  } else if (node.op == Ops().size) {
    facts = Within(kSmallestSize, 1);
    facts.floor = kSmallestSize;
  } else if (node.op == Ops().fan) {
    facts = Within(kSmallestSize, 1 / kSmallestSize);
    facts.floor = kSmallestSize;
  } else {
    static const std::vector<bool> nonnegative = [] {
      std::vector<bool> table(Operators().size(), false);
      for (const std::string_view name :
           {"var", "std", "l1", "l2", "geomean", "rootprod", "entropy", "kurtosis", "below",
            "matrixrank", "stablerank", "spectraltail", "alpha", "outliers", "sensitivity",
            "distortion"}) {
        table[static_cast<size_t>(IdOf(name))] = true;
      }
      return table;
    }();
    const bool location = IsOneOf(node, {Ops().mean, Ops().quantile});
    if (nonnegative[static_cast<size_t>(node.op)] ||
        (location && IsNonnegativeTensor(node.children[0]))) {
      facts.low = 0;
    }
  }
  return facts;
}

// Returns a lower bound of the difference of f at two points of [low, high] that differ by `gap`.
// The bound is negative if f decreases. Returns nullopt if f is not strictly monotone there, or too
// flat to tell.
std::optional<double> MonotoneGap(const Expression& f, const ValueFacts& x) {
  const auto& op = Ops();
  const double m = x.magnitude();
  const bool positive = x.low >= 0 && x.floor > 0;
  if (f.op == op.neg) return -x.gap;
  if (f.op == op.exp && x.low >= -20 && x.high <= 300) return x.gap * std::exp(x.low);
  if (f.op == op.sigmoid && m <= 8) return x.gap * std::exp(-m) / 4;
  if (f.op == op.tanh && m <= 8) return x.gap * std::exp(-2 * m);
  if (f.op == op.atan && m <= 1e3) return x.gap / (1 + m * m);
  if (f.op == op.softplus && x.low >= -20 && x.high <= 20) {
    return x.gap * std::exp(std::min(x.low, 0.0)) / 2;
  }
  if (f.op == op.asin && m <= 1) return x.gap;
  if (f.op == op.acos && m <= 1) return -x.gap;
  if (f.op == op.tan && m <= 1.5) return x.gap;
  if (f.op == op.sin && m <= 1.5) return x.gap * 0.07;
  if (f.op == op.cos && x.low >= 0 && x.high <= 3) return -x.gap * x.gap / 16;
  if (f.op == op.sqrt && x.low >= 0 && x.high > 0) return x.gap / (2 * std::sqrt(x.high));
  if (f.op == op.log && positive && x.high > 0) return x.gap / x.high;
  if (f.op == op.pow2 && x.low >= 0 && m <= 1e100) return x.gap * x.gap;
  return std::nullopt;
}

void ElementwiseBounds(const Expression& f, const ValueFacts& x, ValueFacts& out) {
  const auto& op = Ops();
  const bool nonnegative = x.low >= 0;
  if (f.op == op.neg) {
    out.low = -x.high;
    out.high = -x.low;
  } else if (f.op == op.abs) {
    out.low = nonnegative ? x.low : x.high <= 0 ? -x.high : 0;
    out.high = x.magnitude();
  } else if (f.op == op.pow2) {
    out.low = 0;
    out.high = std::min(kLargest, std::max(1e30, x.magnitude() * x.magnitude()));
    if (x.magnitude() < 1e150) out.high = x.magnitude() * x.magnitude();
  } else if (IsOneOf(f, {op.exp, op.softplus})) {
    out.low = 0;
    if (x.high < 700) out.high = std::exp(x.high) * (1 + 1e-12) + (f.op == op.softplus ? 1 : 0);
    if (f.op == op.exp && x.low > -700) out.low = std::min(1e30, std::exp(x.low) * (1 - 1e-12));
  } else if (f.op == op.sqrt) {
    out.low = 0;
    out.high = x.high > 0 ? std::sqrt(x.high) : 0;
  } else if (f.op == op.sigmoid) {
    out = Within(0, 1);
  } else if (IsOneOf(f, {op.tanh, op.sin, op.cos})) {
    out = Within(f.op == op.tanh && nonnegative ? 0 : -1, 1);
  } else if (IsOneOf(f, {op.asin, op.atan})) {
    out = Within(nonnegative ? 0 : -1.6, 1.6);
  } else if (f.op == op.acos) {
    out = Within(0, 3.2);
  } else if (f.op == op.log) {
    out = Within(-1e30, 711);
  } else if (IsOneOf(f, {op.abslog, op.logpos})) {
    out = Within(-746, 711);
  }
}

ValueFacts ElementwiseFacts(const Expression& node) {
  const ValueFacts x = FactsOf(node.children[0]);
  ValueFacts out;
  ElementwiseBounds(node, x, out);
  out.uniform = x.uniform;
  if (x.gap > 0) {
    if (const auto gap = MonotoneGap(node, x)) out.gap = std::fabs(*gap) / 2;
  }
  if (IsOneOf(node, {Ops().neg, Ops().abs})) out.floor = x.floor;
  if (IsNegation(node)) {
    out.gap = x.gap;
    out.range = x.range;
  }
  return out;
}

ValueFacts AcrossUnitsFacts(const Expression& node) {
  const auto& op = Ops();
  const ValueFacts x = FactsOf(node.children[0]);
  if (IsOneOf(node, {op.reverse, op.blockwise})) return x;
  ValueFacts out;
  if (IsOneOf(node, {op.minmax, op.kindminmax})) {
    out = Within(0, 1);
    out.range = 1;
    if (node.op == op.minmax && x.gap > 0 && x.magnitude() < 1e100) {
      out.gap = x.gap / (x.high - x.low) / 2;
    }
  } else if (node.op == op.zscore) {
    out = Within(-std::sqrt(kMaximumUnits), std::sqrt(kMaximumUnits));
    out.range = 2;  // Popoviciu: a standard deviation of 1 needs a range of 2
  } else if (node.op == op.ranks) {
    out = Within(0, 1);
    out.gap = 0.5 / kMaximumUnits;
    out.range = 0.5;
    out.floor = out.gap;
  } else if (node.op == op.softmax) {
    out = Within(0, 1);
  } else if (x.low >= 0) {
    out.low = 0;
  } else if (x.high <= 0) {
    out.high = 0;
  }
  out.uniform =
      x.uniform && IsOneOf(node, {op.minmax, op.kindminmax, op.zscore, op.ranks, op.softmax});
  return out;
}

// Returns the hull of results at the ends of the operands' intervals. An overflow becomes 1e30, so
// [low, high] must contain that value too.
ValueFacts Hull(std::initializer_list<double> ends) {
  ValueFacts out = Within(kLargest, -kLargest);
  for (const double end : ends) {
    if (std::isnan(end)) return {};
    const double total = Total(end);
    out.low = std::min({out.low, total, std::max(end, -kLargest)});
    out.high = std::max({out.high, total, std::min(end, kLargest)});
  }
  return out;
}

ValueFacts BinaryBounds(const Expression& node, const ValueFacts& x, const ValueFacts& y) {
  const auto& op = Ops();
  if (node.op == op.plus) return Hull({x.low + y.low, x.high + y.high});
  if (node.op == op.minus) return Hull({x.low - y.high, x.high - y.low});
  if (node.op == op.times) {
    return Hull({x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high});
  }
  if (node.op == op.min) return Within(std::min(x.low, y.low), std::min(x.high, y.high));
  if (node.op == op.max) return Within(std::max(x.low, y.low), std::max(x.high, y.high));
  if (node.op == op.over) {
    if (y.low > 0 || y.high < 0) {
      return Hull({x.low / y.low, x.low / y.high, x.high / y.low, x.high / y.high});
    }
    if (x.low >= 0 && y.low >= 0) return Within(0, kLargest);
    if (x.high <= 0 && y.low >= 0) return Within(-kLargest, 0);
    return {};
  }
  const double w = node.parameters[0];  // mix
  return Hull({w * x.low + (1 - w) * y.low, w * x.high + (1 - w) * y.high});
}

// node = factor * x + shift.
struct Affine {
  int child = -1;
  double factor = 0;
  double shift = 0;
};

Affine AffineForm(const Expression& node) {
  const auto& op = Ops();
  if (node.op == op.neg) return {0, -1, 0};
  if (node.children.size() != 2) return {};
  for (int side = 0; side < 2; ++side) {
    const Expression& constant = node.children[side];
    if (!IsConstant(constant)) continue;
    const double c = constant.parameters[0];
    const int other = 1 - side;
    if (node.op == op.plus) return {other, 1, c};
    if (node.op == op.minus) return side == 0 ? Affine{other, -1, c} : Affine{other, 1, -c};
    if (node.op == op.times) return {other, c, 0};
    if (node.op == op.over && side == 1 && c != 0) return {other, 1 / c, 0};
    if (node.op == op.mix) {
      const double w = node.parameters[0];
      return side == 0 ? Affine{other, 1 - w, w * c} : Affine{other, w, (1 - w) * c};
    }
  }
  return {};
}

ValueFacts BinaryFacts(const Expression& node) {
  const ValueFacts x = FactsOf(node.children[0]);
  const ValueFacts y = FactsOf(node.children[1]);
  ValueFacts out = BinaryBounds(node, x, y);
  out.uniform = x.uniform && y.uniform;
  const Affine affine = AffineForm(node);
  if (affine.child < 0) return out;
  const ValueFacts& operand = affine.child == 0 ? x : y;
  const double slack = kSafeGap * std::max(operand.magnitude(), out.magnitude());
  const double factor = std::fabs(affine.factor);
  if (operand.gap * factor > slack && factor > 1e-9) out.gap = operand.gap * factor / 2;
  if (operand.range * factor > slack) out.range = operand.range * factor * (1 - 1e-9);
  return out;
}

bool IsPowerOfTwo(double value) {
  int exponent = 0;
  return std::frexp(std::fabs(value), &exponent) == 0.5;
}

}  // namespace

double ValueFacts::magnitude() const { return std::max(std::fabs(low), std::fabs(high)); }

ValueFacts FactsOf(const Expression& node) {
  switch (OperatorOf(node.op).kind) {
    case OperatorKind::kConstant: {
      ValueFacts facts = Within(node.parameters[0], node.parameters[0]);
      facts.uniform = true;
      return facts;
    }
    case OperatorKind::kElementwise:
      return ElementwiseFacts(node);
    case OperatorKind::kAcrossUnits:
      return AcrossUnitsFacts(node);
    case OperatorKind::kBinary:
      return BinaryFacts(node);
    default:
      return SourceFacts(node);
  }
}

Monotone MonotoneOperand(const Expression& node) {
  const OperatorKind kind = OperatorOf(node.op).kind;
  if (kind == OperatorKind::kElementwise && !IsNegation(node)) {
    const ValueFacts x = FactsOf(node.children[0]);
    if (x.gap == 0) return {};
    const std::optional<double> gap = MonotoneGap(node, x);
    const double magnitude = FactsOf(node).magnitude();
    // x is at least x.floor wherever it is not 0. At 0, the logarithm is -1e30.
    const double scale = node.op == Ops().log ? 50 + std::fabs(std::log(x.floor)) : magnitude;
    if (!gap || std::fabs(*gap) < kSafeGap * scale) return {};
    return {0, *gap > 0};
  }
  if (IsOneOf(node, {Ops().minmax, Ops().zscore})) {
    const ValueFacts x = FactsOf(node.children[0]);
    if (x.gap > kSafeGap * x.magnitude()) return {0, true};
    return {};
  }
  const Affine affine = AffineForm(node);
  if (affine.child < 0 || IsNegation(node) || FactsOf(node).gap == 0) return {};
  return {affine.child, affine.factor > 0};
}

Monotone ExactMultiple(const Expression& node) {
  if (!IsOneOf(node, {Ops().times, Ops().over})) return {};
  const Affine affine = AffineForm(node);
  if (affine.child < 0 || !IsPowerOfTwo(affine.factor) || std::fabs(affine.factor) < 1) return {};
  if (FactsOf(node.children[affine.child]).magnitude() > 1e290) return {};
  return {affine.child, affine.factor > 0};
}

Monotone AffineOperand(const Expression& node) {
  const Affine affine = AffineForm(node);
  if (affine.child < 0 || IsNegation(node)) return {};
  const ValueFacts x = FactsOf(node.children[affine.child]);
  const double factor = std::fabs(affine.factor);
  const double largest = factor * x.magnitude() + std::fabs(affine.shift);
  if (x.range == 0 || factor < 1e-100 || largest > kSafeRatio * factor * x.range) return {};
  return {affine.child, affine.factor > 0};
}

}  // namespace strata::expr

#include "expr/published_grids.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "expr/allocation.h"
#include "expr/feature_table.h"

namespace strata::expr {
namespace {

// The boxes of ALS around the target must not exceed this sparsity.
constexpr double kMaximumSparsity = 0.99;

// Returns a grid of one setting. The first value is the default.
std::vector<SettingValues> Each(std::initializer_list<double> values) {
  std::vector<SettingValues> rows;
  for (const double value : values) rows.push_back({value});
  return rows;
}

int BlocksOf(const UnitLayout& layout) { return layout.back().block + 1; }

// True if a box of half-width `delta` around the target stays within [0, kMaximumSparsity].
bool BoxFits(double delta, double target) {
  return target - delta >= 0 && target + delta <= kMaximumSparsity;
}

std::string NoBoxFits(double target) {
  return fmt::format("no box around the sparsity {} stays between 0 and {}", target,
                     kMaximumSparsity);
}

}  // namespace

Grid NoSettings(const UnitLayout&, double) { return {{{}}, {}, ""}; }

Grid LastUnitDense(const UnitLayout& layout, double target) {
  double total = 0;
  for (const Unit& unit : layout) total += static_cast<double>(unit.parameters);
  const double kept = (1 - target) * total;
  const auto last = static_cast<double>(layout.back().parameters);
  if (layout.size() > 1 && kept > last) return NoSettings(layout, target);
  return {
      {}, {}, fmt::format("a dense last unit needs all of the share 1 - {} that is kept", target)};
}

Grid GlobalThreshold(const UnitLayout& layout, double target) {
  const OperatorParameter& range = OperatorOf(IdOf("below")).parameters[0];
  if (target >= range.minimum && target <= range.maximum) return NoSettings(layout, target);
  return {{},
          {},
          fmt::format("the threshold's share must be between {} and {}, the target is {}",
                      range.minimum, range.maximum, target)};
}

Grid OwlGrid(const UnitLayout&, double) {
  Grid grid{{{5, 0.08}}, {{5, 0.15}, {7, 0.15}}, ""};
  for (const double multiple : {3, 5, 7, 10}) {
    for (const double lambda : {0.02, 0.05, 0.08, 0.1, 0.2}) {
      if (multiple == 5 && lambda == 0.08) continue;
      grid.published.push_back({multiple, lambda});
    }
  }
  return grid;
}

// Sparsities of whole n out of 8 reach a target only if the sizes of the units allow it.
Grid OwlGroupsGrid(const UnitLayout& layout, double target) {
  const Expression any{IdOf("nm"), {0.125, 8}, {Expression{IdOf("depth"), {}, {}}}};
  if (EvaluateAllocation(any, FeatureTable(layout), {.sparsity = target}).ok()) {
    return {{{6, 0.125, 8}}, {{6, 0.0625, 8}, {6, 0.25, 8}, {5, 0.125, 8}, {7, 0.125, 8}}, ""};
  }
  return {{}, {}, fmt::format("no whole numbers of 8 per unit have the mean {}", target)};
}

Grid AlsGrid(const UnitLayout&, double target) {
  Grid grid;
  for (const double delta : {0.2, 0.1, 0.15, 0.25}) {
    if (BoxFits(delta, target)) (delta == 0.2 ? grid.published : grid.widened).push_back({delta});
  }
  if (grid.published.empty() && grid.widened.empty()) grid.left_out = NoBoxFits(target);
  return grid;
}

Grid AlsIntraGrid(const UnitLayout&, double target) {
  Grid grid;
  for (const double outer : {0.2, 0.1}) {
    for (const double inner : {0.2, 0.1, 0.05}) {
      // Inside a block, the box is around the sparsity of the block.
      if (!BoxFits(outer + inner, target)) continue;
      (outer == inner && outer == 0.2 ? grid.published : grid.widened).push_back({outer, inner});
    }
  }
  if (grid.published.empty() && grid.widened.empty()) grid.left_out = NoBoxFits(target);
  return grid;
}

// Returns multiples of 0.002 up to the largest step that the paper allows for B blocks:
// 0 < beta <= min(2S/(B-1), 2(1-S)/(B-1)). There are at most 16 of them, thinned evenly for models
// far shallower than the paper's. If the largest step is below 0.002, it is the only one.
std::vector<double> ProgressionSteps(int blocks, double target, double largest_of_table) {
  const double largest =
      std::min({2 * target / (blocks - 1), 2 * (1 - target) / (blocks - 1), largest_of_table});
  constexpr int kMostSteps = 16;
  const int multiples = static_cast<int>(std::floor(largest * 500 + 1e-9));
  const int stride = (multiples + kMostSteps - 1) / kMostSteps;
  std::vector<double> steps;
  for (int k = stride; k > 0 && k <= multiples; k += stride) steps.push_back(k / 500.0);
  if (steps.empty()) steps.push_back(largest);
  return steps;
}

Grid ProgressionGrid(const UnitLayout& layout, double target) {
  const int blocks = BlocksOf(layout);
  if (blocks < 2) return {{}, {}, "a progression needs two blocks"};
  const OperatorParameter& range = OperatorOf(IdOf("ramp")).parameters[0];
  std::vector<double> steps = ProgressionSteps(blocks, target, range.maximum);
  // The default is 0.008, which the paper's models can reach at its sparsities. If it is not in the
  // grid, the default is the middle of the grid.
  const auto usual = std::find(steps.begin(), steps.end(), 0.008);
  const auto first = usual != steps.end() ? usual : steps.begin() + (steps.size() - 1) / 2;
  std::rotate(steps.begin(), first, first + 1);
  Grid grid;
  for (const double step : steps) {
    if (step >= range.minimum) grid.published.push_back({step});
  }
  if (grid.published.empty()) {
    grid.left_out = fmt::format("the step would be below {}", range.minimum);
  }
  return grid;
}

Grid NeuroAlGrid(const UnitLayout&, double target) {
  Grid grid{
      Each({0.08, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.09, 0.1, 0.12, 0.15, 0.2}), {}, ""};
  (target < 0.8 ? grid.published : grid.widened).push_back({0.25});
  return grid;
}

Grid AlphaPruningGrid(const UnitLayout&, double) {
  return {Each({0.3, 0.2}), Each({0.1, 0.4, 0.5}), ""};
}

Grid DlpGrid(const UnitLayout&, double) { return {Each({0.15}), Each({0.05, 0.1, 0.2, 0.25}), ""}; }

Grid AmplitudesFrom08(const UnitLayout&, double) {
  return {Each({0.08}), Each({0.05, 0.15, 0.2}), ""};
}

Grid AmplitudesFrom15(const UnitLayout&, double) {
  return {Each({0.15}), Each({0.08, 0.1, 0.2, 0.25, 0.3}), ""};
}

}  // namespace strata::expr

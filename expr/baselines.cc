#include "expr/baselines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace strata::expr {
namespace {

// The bound that the target-relative boxes of ALS must leave free below 1.
constexpr double kMaximumSparsity = 0.99;

// Parses a text written in this file, or generated from numbers that lie in the table's ranges.
Expression Formula(const std::string& text) {
  absl::StatusOr<Expression> expression = ParseExpression(text);
  if (!expression.ok()) {
    std::fprintf(stderr, "baseline '%s': %s\n", text.c_str(),
                 std::string(expression.status().message()).c_str());
    std::abort();
  }
  return *std::move(expression);
}

Baseline Uniform() {
  return {"uniform", "the same sparsity everywhere", {{"", Formula("uniform()")}}, {}};
}

BaselineSetting OwlSetting(int multiple, double lambda) {
  return {fmt::format("M={} lambda={}", multiple, lambda),
          Formula(fmt::format("span(-outliers({}), {})", multiple, lambda))};
}

Baseline Owl() {
  Baseline baseline{"owl", "OWL, arXiv 2310.05175", {OwlSetting(5, 0.08)}, {}};
  for (const int multiple : {3, 5, 7, 10}) {
    for (const double lambda : {0.02, 0.05, 0.08, 0.1, 0.2}) {
      if (multiple == 5 && lambda == 0.08) continue;
      baseline.published.push_back(OwlSetting(multiple, lambda));
    }
  }
  for (const int multiple : {5, 7}) baseline.widened.push_back(OwlSetting(multiple, 0.15));
  return baseline;
}

// Maximises sum of q_i c_i over the retained densities q within a box and the budget of weights:
// greedy by c_i per weight, so the units with the smallest c_i / size are pruned most.
Baseline Als(double target) {
  Baseline baseline{"als", "ALS, NeurIPS 2024", {}, {}};
  for (const double delta : {0.2, 0.1, 0.15, 0.25}) {
    if (target - delta < 0 || target + delta > kMaximumSparsity) continue;
    BaselineSetting setting{
        fmt::format("delta={}", delta),
        Formula(fmt::format("waterfill(-suffixmean(exp(-redundancy)) / size, {0}, {0})", delta))};
    (delta == 0.2 ? baseline.published : baseline.widened).push_back(std::move(setting));
  }
  return baseline;
}

BaselineSetting ProgressionSetting(double beta) {
  return {fmt::format("beta={}", beta), Formula(fmt::format("ramp(depth, {})", beta))};
}

// Multiples of 0.002 up to the largest step the paper allows: at most 16 of them, evenly thinned
// for models far shallower than the paper's; the largest step itself if it is below 0.002.
std::vector<double> ProgressionSteps(int units, double target) {
  const OperatorParameter& range = OperatorOf(IdOf("ramp")).parameters[0];
  if (units < 2) return {};
  const double largest =
      std::min({2 * target / (units - 1), 2 * (1 - target) / (units - 1), range.maximum});
  constexpr int kMostSteps = 16;
  const int multiples = static_cast<int>(std::floor(largest * 500 + 1e-9));
  const int stride = (multiples + kMostSteps - 1) / kMostSteps;
  std::vector<double> steps;
  for (int k = stride; k > 0 && k <= multiples; k += stride) steps.push_back(k / 500.0);
  if (steps.empty() && largest >= range.minimum) steps.push_back(largest);
  return steps;
}

Baseline Progression(int units, double target) {
  Baseline baseline{"arithmetic-progression", "ATP, arXiv 2502.14770", {}, {}};
  std::vector<double> steps = ProgressionSteps(units, target);
  if (steps.empty()) return baseline;
  // 0.008 is within reach of the paper's models at its sparsities; else the middle of the grid.
  const auto usual = std::find(steps.begin(), steps.end(), 0.008);
  const auto first = usual != steps.end() ? usual : steps.begin() + (steps.size() - 1) / 2;
  std::rotate(steps.begin(), first, first + 1);
  for (const double step : steps) baseline.published.push_back(ProgressionSetting(step));
  return baseline;
}

Baseline Dsa(std::string name, const std::string& graph) {
  Baseline baseline{std::move(name), "DSA, NeurIPS 2024", {}, {}};
  Expression expression = Formula(graph);
  baseline.published.push_back({"lambda=0.08", expression});
  for (const double lambda : {0.05, 0.15, 0.2}) {
    expression.parameters[0] = lambda;
    baseline.widened.push_back({fmt::format("lambda={}", lambda), expression});
  }
  return baseline;
}

}  // namespace

std::vector<Baseline> Baselines(int units, double target_sparsity) {
  std::vector<Baseline> baselines = {Uniform(),
                                     Owl(),
                                     Als(target_sparsity),
                                     Progression(units, target_sparsity),
                                     Dsa("dsa-absvar", "W:(ABS)-(VAR)-(9)"),
                                     Dsa("dsa-logvar", "W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(7)")};
  std::erase_if(baselines, [](const Baseline& baseline) {
    return baseline.published.empty() && baseline.widened.empty();
  });
  return baselines;
}

}  // namespace strata::expr

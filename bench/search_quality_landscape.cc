#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "bench/search_quality_problem.h"
#include "expr/blockwise.h"
#include "expr/status_macros.h"

namespace strata::bench {
namespace {

constexpr int kBlocks = 24;
constexpr double kSparsity = 0.7;
constexpr double kDenseLoss = 3;
constexpr double kWeight = 0.035;
constexpr double kContrast = 1.7;
constexpr double kInteraction = 0.5;
// Of roles, and of linears of the same block and role, relative to kContrast.
constexpr double kContrastOfLinears = 0.4;

// Shares of a feature's variance.
constexpr double kSourceNoise = 0.35;
constexpr double kReductionNoise = 0.35;
constexpr double kOwnNoise = 0.3;
// Standard deviations of the noise, where that of the sensitivities' logarithms is about 1.
constexpr double kNoiseOfBlocks = 0.25;
constexpr double kNoiseOfLinears = 1;

uint64_t Mix(uint64_t value) {  // SplitMix64
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

uint64_t Name(uint64_t seed, std::string_view text) {  // FNV-1a
  uint64_t hash = 0xCBF29CE484222325u ^ Mix(seed);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return Mix(hash);
}

double Fraction(uint64_t name, int index = 0) {
  return static_cast<double>(Mix(name ^ static_cast<uint64_t>(index)) >> 11) * 0x1p-53;
}

// Returns the sum of twelve uniform numbers minus six. It is close enough to normal, and the same
// on every platform.
double Normal(uint64_t name, int index) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += Fraction(Mix(name + 0x51ED27u), 16 * index + i);
  return sum;
}

// Returns the linears of one block, with the sizes of SmolLM2-135M.
expr::UnitLayout LinearsOf(int block) {
  using enum expr::LinearRole;
  constexpr int64_t kHidden = 576, kKeys = 192, kWide = 1536;
  expr::UnitLayout layout;
  const auto add = [&](expr::LinearRole role, expr::UnitKind kind, int64_t width) {
    layout.push_back({kHidden * width, block, kind, kHidden + width, role});
  };
  add(kQuery, expr::UnitKind::kAttention, kHidden);
  add(kKey, expr::UnitKind::kAttention, kKeys);
  add(kValue, expr::UnitKind::kAttention, kKeys);
  add(kOutput, expr::UnitKind::kAttention, kHidden);
  for (const expr::LinearRole role : {kGate, kUp, kDown}) {
    add(role, expr::UnitKind::kFeedForward, kWide);
  }
  return layout;
}

expr::UnitLayout LayoutOf(bool linears) {
  if (!linears) return expr::SquareBlocks(std::vector<int64_t>(kBlocks, int64_t{7} * 64 * 64));
  expr::UnitLayout layout;
  for (int block = 0; block < kBlocks; ++block) {
    for (const expr::Unit& unit : LinearsOf(block)) layout.push_back(unit);
  }
  return layout;
}

class SyntheticProblem final : public Problem {
 public:
  explicit SyntheticProblem(const SyntheticProblemOptions& options)
      : seed_(options.seed),
        roughness_(options.roughness),
        noise_(options.linears ? kNoiseOfLinears : kNoiseOfBlocks),
        layout_(LayoutOf(options.linears)),
        shares_(expr::WeightsOf(expr::ParametersOf(layout_))) {
    for (int i = 0; i < kBlocks; ++i) {
      const double depth = static_cast<double>(i) / (kBlocks - 1);
      double sensitivity = 0.6 - 1.2 * depth + 0.4 * Normal(Name(seed_, "sensitivity"), i);
      if (i == 0) sensitivity += 1.4;
      if (i == kBlocks - 1) sensitivity -= 0.5;
      log_weights_of_blocks_.push_back(kContrast * sensitivity);
    }
    log_weights_ = log_weights_of_blocks_;
    if (!options.linears) return;
    log_weights_.clear();
    for (size_t i = 0; i < layout_.size(); ++i) {
      const double role = Normal(Name(seed_, "role"), static_cast<int>(layout_[i].role));
      const double own = Normal(Name(seed_, "linear"), static_cast<int>(i));
      log_weights_.push_back(log_weights_of_blocks_[static_cast<size_t>(layout_[i].block)] +
                             kContrast * kContrastOfLinears * (role + own));
    }
  }

  const expr::UnitLayout& layout() const override { return layout_; }
  double sparsity() const override { return kSparsity; }

  absl::StatusOr<std::vector<double>> Feature(const std::string& feature) override {
    if (const std::optional<std::string> of_blocks = expr::FeatureOfBlocks(feature)) {
      STRATA_ASSIGN_OR_RETURN(const auto blocks, FeatureOf(*of_blocks, log_weights_of_blocks_));
      return expr::SpreadOverUnits(blocks, layout_);
    }
    return FeatureOf(feature, log_weights_);
  }

  absl::StatusOr<double> Loss(const expr::Allocation& allocation) override {
    return *Worth(allocation) + roughness_ * Normal(Name(seed_, expr::QuantizedKey(allocation)), 0);
  }

  absl::StatusOr<double> Worth(const expr::Allocation& allocation) override {
    double loss = kDenseLoss;
    double before = 0;
    for (size_t i = 0; i < allocation.size(); ++i) {
      const double s = allocation[i];
      const double damage = WeightOf(i) * s * s / (1 - s);
      loss += damage + kInteraction * std::sqrt(before * damage);
      before = damage;
    }
    return loss;
  }

  // With r_i the root of the damage of unit i, the loss is the sum of r_i^2 + c r_i r_(i+1).
  absl::StatusOr<std::vector<double>> Slopes(const expr::Allocation& allocation) override {
    const size_t units = allocation.size();
    std::vector<double> roots, slopes;
    for (size_t i = 0; i < units; ++i) {
      roots.push_back(std::sqrt(WeightOf(i) / (1 - allocation[i])) * allocation[i]);
    }
    for (size_t i = 0; i < units; ++i) {
      const double before = i > 0 ? roots[i - 1] : 0, after = i + 1 < units ? roots[i + 1] : 0;
      const double kept = 1 - allocation[i];
      const double slope_of_root =
          std::sqrt(WeightOf(i)) * (1 - 0.5 * allocation[i]) / (kept * std::sqrt(kept));
      slopes.push_back(slope_of_root * (2 * roots[i] + kInteraction * (before + after)));
    }
    return slopes;
  }

 private:
  double WeightOf(size_t unit) const {
    return kWeight * kBlocks * shares_[unit] * std::exp(log_weights_[unit]);
  }

  // Returns a feature of units with the given sensitivities, in the order of the model.
  absl::StatusOr<std::vector<double>> FeatureOf(const std::string& feature,
                                                const std::vector<double>& log_weights) const {
    STRATA_ASSIGN_OR_RETURN(auto expression, expr::ParseExpression(feature));
    const std::string_view reduction = expr::OperatorOf(expression.op).name;
    const expr::Expression* at = &expression;
    std::string chain;
    while (!at->children.empty()) {
      at = &at->children.front();
      chain += expr::OperatorOf(at->op).name;
    }
    const std::string_view source = expr::OperatorOf(at->op).name;
    const uint64_t own = Name(seed_, feature);
    // The statistic determines how much of the sensitivity is visible, and with which sign.
    const double signal =
        2 * Fraction(Name(seed_, fmt::format("signal {} {}", reduction, source))) - 1;
    const double depth_share = 2 * Fraction(Name(seed_, fmt::format("depth {}", source))) - 1;
    const double curvature = 2 * Fraction(Name(seed_, chain));
    std::vector<double> values;
    for (size_t unit = 0; unit < log_weights.size(); ++unit) {
      const auto i = static_cast<int>(unit);
      const double depth = 2.0 * i / static_cast<double>(log_weights.size() - 1) - 1;
      const double noise = std::sqrt(kSourceNoise) * Normal(Name(seed_, source), i) +
                           std::sqrt(kReductionNoise) *
                               Normal(Name(seed_, fmt::format("reduction {}", reduction)), i) +
                           std::sqrt(kOwnNoise) * Normal(own, i);
      const double value = signal * log_weights[unit] + 0.3 * depth_share * depth + noise_ * noise;
      values.push_back(std::expm1(curvature * value) / std::max(curvature, 0.01));
    }
    return values;
  }

  const uint64_t seed_;
  const double roughness_;
  const double noise_;  // standard deviation of that of a feature
  const expr::UnitLayout layout_;
  const std::vector<double> shares_;  // of all parameters
  std::vector<double> log_weights_of_blocks_, log_weights_;
};

// Returns the change of unit sparsities in a step against the slopes that keeps the mean sparsity.
// A unit moves the less, the fewer of its weights are left, because its slope changes the faster.
std::vector<double> StepAgainst(const std::vector<double>& slopes, const expr::Allocation& at,
                                const std::vector<double>& shares) {
  double product = 0, total = 0;
  for (size_t i = 0; i < at.size(); ++i) {
    const double kept = 1 - at[i];
    product += kept * kept * slopes[i];
    total += kept * kept * shares[i];
  }
  std::vector<double> step;
  for (size_t i = 0; i < at.size(); ++i) {
    const double kept = 1 - at[i];
    step.push_back(kept * kept * (product / total - slopes[i] / shares[i]));
  }
  return step;
}

}  // namespace

double LocalOptimum(Problem* problem) {
  constexpr int kSteps = 4000;
  constexpr double kLengthen = 1.5, kShorten = 0.5;
  const std::vector<int64_t> parameters = expr::ParametersOf(problem->layout());
  const std::vector<double> shares = expr::WeightsOf(parameters);
  const expr::AllocationTarget target = {.sparsity = problem->sparsity()};
  expr::Allocation best(shares.size(), problem->sparsity());
  double lowest = *problem->Loss(best);
  double length = 0.01;
  for (int i = 0; i < kSteps; ++i) {
    expr::Allocation moved = StepAgainst(*problem->Slopes(best), best, shares);
    for (size_t unit = 0; unit < moved.size(); ++unit) {
      moved[unit] = best[unit] + length * moved[unit];
    }
    moved = *expr::Project(moved, parameters, target);
    const double loss = *problem->Loss(moved);
    length *= loss < lowest ? kLengthen : kShorten;
    if (loss >= lowest) continue;
    lowest = loss;
    best = std::move(moved);
  }
  return lowest;
}

std::unique_ptr<Problem> MakeSyntheticProblem(const SyntheticProblemOptions& options) {
  return std::make_unique<SyntheticProblem>(options);
}

}  // namespace strata::bench

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "bench/search_quality_problem.h"
#include "expr/status_macros.h"

namespace strata::bench {
namespace {

constexpr int kBlocks = 24;
constexpr double kSparsity = 0.7;
constexpr double kDenseLoss = 3;
constexpr double kWeight = 0.035;
constexpr double kContrast = 1.7;
constexpr double kInteraction = 0.5;

// Shares of a feature's variance.
constexpr double kSourceNoise = 0.35;
constexpr double kReductionNoise = 0.35;
constexpr double kOwnNoise = 0.3;

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

class SyntheticProblem final : public Problem {
 public:
  SyntheticProblem(uint64_t seed, double roughness)
      : seed_(seed),
        roughness_(roughness),
        layout_(expr::SquareBlocks(std::vector<int64_t>(kBlocks, int64_t{7} * 64 * 64))) {
    for (int i = 0; i < kBlocks; ++i) {
      const double depth = static_cast<double>(i) / (kBlocks - 1);
      double sensitivity = 0.6 - 1.2 * depth + 0.4 * Normal(Name(seed_, "sensitivity"), i);
      if (i == 0) sensitivity += 1.4;
      if (i == kBlocks - 1) sensitivity -= 0.5;
      log_weights_.push_back(kContrast * sensitivity);
    }
  }

  const expr::UnitLayout& layout() const override { return layout_; }
  double sparsity() const override { return kSparsity; }

  absl::StatusOr<std::vector<double>> Feature(const std::string& feature) override {
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
    for (int i = 0; i < kBlocks; ++i) {
      const double depth = 2.0 * i / (kBlocks - 1) - 1;
      const double noise = std::sqrt(kSourceNoise) * Normal(Name(seed_, source), i) +
                           std::sqrt(kReductionNoise) *
                               Normal(Name(seed_, fmt::format("reduction {}", reduction)), i) +
                           std::sqrt(kOwnNoise) * Normal(own, i);
      const double value =
          signal * log_weights_[static_cast<size_t>(i)] + 0.3 * depth_share * depth + 0.25 * noise;
      values.push_back(std::expm1(curvature * value) / std::max(curvature, 0.01));
    }
    return values;
  }

  absl::StatusOr<double> Loss(const expr::Allocation& allocation) override {
    return *Worth(allocation) + roughness_ * Normal(Name(seed_, expr::QuantizedKey(allocation)), 0);
  }

  absl::StatusOr<double> Worth(const expr::Allocation& allocation) override {
    double loss = kDenseLoss;
    double before = 0;
    for (size_t i = 0; i < allocation.size(); ++i) {
      const double s = allocation[i];
      const double damage = kWeight * std::exp(log_weights_[i]) * s * s / (1 - s);
      loss += damage + kInteraction * std::sqrt(before * damage);
      before = damage;
    }
    return loss;
  }

 private:
  const uint64_t seed_;
  const double roughness_;
  const expr::UnitLayout layout_;
  std::vector<double> log_weights_;
};

}  // namespace

double LocalOptimum(Problem* problem) {
  const size_t units = problem->layout().size();
  expr::Allocation best(units, problem->sparsity());
  double lowest = *problem->Loss(best);
  for (double step = 0.1; step > 0.001; step /= 2) {
    for (bool improved = true; improved;) {
      improved = false;
      for (size_t i = 0; i < units * units; ++i) {
        expr::Allocation moved = best;
        moved[i / units] += step;
        moved[i % units] -= step;
        if (moved[i / units] > 0.98 || moved[i % units] < 0) continue;
        const double loss = *problem->Loss(moved);
        if (loss >= lowest) continue;
        lowest = loss;
        best = std::move(moved);
        improved = true;
      }
    }
  }
  return lowest;
}

std::unique_ptr<Problem> MakeSyntheticProblem(uint64_t seed, double roughness) {
  return std::make_unique<SyntheticProblem>(seed, roughness);
}

}  // namespace strata::bench

// Every published function against the reference implementations' numbers where there are some,
// else against a worked example. The expected sparsities are computed here with plain loops from
// the formulas of the papers, not through expressions; each test prints its largest deviation.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "expr/allocation.h"
#include "expr/baselines.h"
#include "tests/expr/oracle.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using Values = std::vector<double>;
using Features = std::map<std::string, Values>;

constexpr double kTolerance = 1e-12;

// tests/oracles/smollm2_reference.json: more of the same model and calibration tokens.
nlohmann::json Reference() {
  std::ifstream file(STRATA_SOURCE_DIR "/tests/oracles/smollm2_reference.json");
  return nlohmann::json::parse(file);
}

UnitLayout OracleLayout() {
  return SquareBlocks(std::vector<int64_t>(kOracleBlocks, kOracleBlockSize));
}

UnitLayout FourBlocks() { return SquareBlocks({1000, 1000, 1000, 1000}); }

// Two blocks, each of two attention linears and one feed-forward linear.
UnitLayout SixLinears() {
  return {{400, 0, UnitKind::kAttention, 40},   {100, 0, UnitKind::kAttention, 25},
          {800, 0, UnitKind::kFeedForward, 60}, {400, 1, UnitKind::kAttention, 40},
          {100, 1, UnitKind::kAttention, 25},   {800, 1, UnitKind::kFeedForward, 60}};
}

Allocation Allocate(const std::string& reference, const UnitLayout& layout,
                    const Features& features, double target) {
  const absl::StatusOr<BaselineSetting> setting = FindPublished(reference, layout, target);
  if (!setting.ok()) {
    ADD_FAILURE() << std::string(setting.status().message());
    return {};
  }
  FeatureTable table(layout);
  for (const auto& [name, values] : features) EXPECT_TRUE(table.Add(name, values).ok()) << name;
  const absl::StatusOr<Allocation> allocation =
      EvaluateAllocation(setting->expression, table, {.sparsity = target});
  EXPECT_TRUE(allocation.ok()) << std::string(allocation.status().message());
  return allocation.ok() ? *allocation : Allocation();
}

void ExpectNear(const std::string& name, const std::string& example, const Allocation& found,
                const Values& expected) {
  ASSERT_EQ(found.size(), expected.size()) << name;
  double largest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::fabs(found[i] - expected[i]));
    EXPECT_NEAR(found[i], expected[i], kTolerance) << name << ", unit " << i;
  }
  std::printf("[ deviation] %-24s %-28s %.1e\n", name.c_str(), example.c_str(), largest);
}

// S + sign * 2 lambda (mm(x) - mean mm(x)).
Values Template(const Values& x, double lambda, double target, double sign) {
  const double low = *std::min_element(x.begin(), x.end());
  const double high = *std::max_element(x.begin(), x.end());
  double mean = 0;
  for (const double value : x) mean += (value - low) / (high - low) / static_cast<double>(x.size());
  Values sparsity;
  for (const double value : x) {
    sparsity.push_back(target + sign * 2 * lambda * ((value - low) / (high - low) - mean));
  }
  return sparsity;
}

TEST(PublishedFunctions, Uniform) {
  ExpectNear("uniform", "by hand", Allocate("uniform", FourBlocks(), {}, 0.7), Values(4, 0.7));
}

// Density c (inputs + outputs) / weights with c from the budget; nothing reaches a bound.
TEST(PublishedFunctions, ErdosRenyi) {
  const UnitLayout layout = SixLinears();
  double weights = 0, fans = 0;
  for (const Unit& unit : layout) {
    weights += static_cast<double>(unit.parameters);
    fans += static_cast<double>(unit.fan);
  }
  const double scale = 0.3 * weights / fans;
  Values expected;
  for (const Unit& unit : layout) {
    expected.push_back(1 - scale * static_cast<double>(unit.fan) /
                               static_cast<double>(unit.parameters));
  }
  ExpectNear("er", "6 linears by hand", Allocate("er", layout, {}, 0.7), expected);
}

TEST(PublishedFunctions, ErdosRenyiPlusKeepsTheLastUnit) {
  const UnitLayout layout = SixLinears();
  const double target = 0.5;
  double weights = 800, fans = 0;
  for (size_t i = 0; i < 5; ++i) {
    weights += static_cast<double>(layout[i].parameters);
    fans += static_cast<double>(layout[i].fan);
  }
  const double scale = ((1 - target) * weights - 800) / fans;
  Values expected;
  for (size_t i = 0; i < 5; ++i) {
    expected.push_back(1 - scale * static_cast<double>(layout[i].fan) /
                               static_cast<double>(layout[i].parameters));
  }
  expected.push_back(0);
  ExpectNear("er-plus", "6 linears by hand", Allocate("er-plus", layout, {}, target), expected);
}

// Forty scores in four units, of which 28 fall below the threshold.
TEST(PublishedFunctions, GlobalThreshold) {
  std::vector<std::pair<double, size_t>> scores;
  for (size_t unit = 0; unit < 4; ++unit) {
    for (int k = 0; k < 10; ++k) {
      scores.emplace_back(std::fmod(static_cast<double>(unit) * 0.37 + k * 0.61803, 1.0) *
                              (1 + 0.15 * static_cast<double>(unit)),
                          unit);
    }
  }
  std::sort(scores.begin(), scores.end());
  Values share(4, 0);
  for (size_t i = 0; i < 28; ++i) share[scores[i].second] += 0.1;
  ASSERT_GT(std::set<double>(share.begin(), share.end()).size(), 2u);
  ExpectNear("global", "40 scores by hand",
             Allocate("global", FourBlocks(), {{"below(WX, 0.7)", share}}, 0.7), share);
  ExpectNear("global-magnitude", "40 scores by hand",
             Allocate("global-magnitude", FourBlocks(), {{"below(abs(W), 0.7)", share}}, 0.7),
             share);
}

TEST(PublishedFunctions, Owl) {
  const nlohmann::json oracle = Oracle();
  for (const std::string multiple : {"3", "5", "7", "10"}) {
    const auto percent = oracle["outlier_percent"][multiple].get<Values>();
    for (const char* lambda : {"0.02", "0.08", "0.2"}) {
      ExpectNear("owl M=" + multiple + " lambda=" + lambda, "SmolLM2, OWL's code",
                 Allocate("owl M=" + multiple + " lambda=" + lambda, OracleLayout(),
                          {{"outliers(" + multiple + ")", percent}}, 0.7),
                 Template(percent, std::stod(lambda), 0.7, -1));
    }
  }
}

// All ways to give four units n of 8 with the mean 4, the nearest to S - 2 (mm(D) - mean) / 8.
TEST(PublishedFunctions, OwlGroups) {
  const Values percent = {4.0, 1.0, 2.2, 1.7};
  const Values wanted = Template(percent, 0.125, 0.5, -1);
  Values best;
  double least = 1e9;
  std::array<int, 4> n{};
  for (n[0] = 0; n[0] < 8; ++n[0]) {
    for (n[1] = 0; n[1] < 8; ++n[1]) {
      for (n[2] = 0; n[2] < 8; ++n[2]) {
        n[3] = 16 - n[0] - n[1] - n[2];
        if (n[3] < 0 || n[3] > 7) continue;
        double squares = 0;
        for (size_t i = 0; i < 4; ++i) squares += std::pow(n[i] / 8.0 - wanted[i], 2);
        if (squares >= least) continue;
        least = squares;
        best = {n[0] / 8.0, n[1] / 8.0, n[2] / 8.0, n[3] / 8.0};
      }
    }
  }
  ExpectNear("owl-nm", "4 blocks, all 8^3 tried",
             Allocate("owl-nm", FourBlocks(), {{"outliers(6)", percent}}, 0.5), best);
}

// Units in descending `order` get `high` while the zeros last, the others `low`.
Values Fill(const Values& order, const Values& weights, double target, double low, double high) {
  Values sparsity(order.size(), low);
  double left = 0;
  for (const double weight : weights) left += weight * (target - low);
  std::vector<size_t> units(order.size());
  std::iota(units.begin(), units.end(), size_t{0});
  std::stable_sort(units.begin(), units.end(),
                   [&](size_t a, size_t b) { return order[a] > order[b]; });
  for (const size_t unit : units) {
    const double zeros = std::min(left, weights[unit] * (high - low));
    sparsity[unit] += zeros / weights[unit];
    left -= zeros;
  }
  return sparsity;
}

TEST(PublishedFunctions, AdaptiveLayerSparsity) {
  const auto psi = Reference()["als_redundancy_psi"].get<std::vector<Values>>();
  ASSERT_EQ(psi.size(), 30u);
  Values redundancy, omega;
  for (const Values& row : psi) {
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    redundancy.push_back(30 * (1 - 1 / sum));
    omega.push_back(std::exp(-(sum - 1) / (sum / 30)));
  }
  Values order;
  for (size_t i = 0; i < 30; ++i) {
    const double sum = std::accumulate(omega.begin() + static_cast<long>(i), omega.end(), 0.0);
    order.push_back(-sum / static_cast<double>(30 - i));
  }
  for (const double delta : {0.2, 0.1}) {
    ExpectNear("als delta=" + std::to_string(delta), "SmolLM2, CKA of the inputs",
               Allocate("als delta=" + std::to_string(delta), OracleLayout(),
                        {{"redundancy", redundancy}}, 0.7),
               Fill(order, Values(30, 1), 0.7, 0.7 - delta, 0.7 + delta));
  }
}

TEST(PublishedFunctions, AdaptiveLayerSparsityInsideBlocks) {
  const Values inside = {1.2, 0.4, 0.9, 0.2, 2.0, 1.1};  // n (1 - 1/R) of the linears
  const Values weights = {400, 100, 800};
  // The first block is the more redundant one: it and its later ones are the least independent.
  const Values blocks = {2.0, 2.0, 2.0, 0.5, 0.5, 0.5};
  const double target = 0.5;
  const Values block_sparsity = {target + 0.2, target - 0.2};
  Values expected;
  for (size_t block = 0; block < 2; ++block) {
    Values order;
    for (size_t i = 0; i < 3; ++i) {
      order.push_back(-std::exp(-inside[3 * block + i]) / (weights[i] / 800));
    }
    const double mean = block_sparsity[block];
    for (const double value : Fill(order, weights, mean, mean - 0.1, mean + 0.1)) {
      expected.push_back(value);
    }
  }
  ExpectNear("als-intra", "6 linears by hand",
             Allocate("als-intra delta=0.2 inner=0.1", SixLinears(),
                      {{"redundancy", blocks}, {"linearredundancy", inside}}, target),
             expected);
}

TEST(PublishedFunctions, ArithmeticProgression) {
  Values expected;
  for (int i = 1; i <= 30; ++i) expected.push_back(0.7 - 0.008 * 29 / 2 + 0.008 * (i - 1));
  ExpectNear("arithmetic-progression", "closed form, 30 blocks",
             Allocate("arithmetic-progression", OracleLayout(), {}, 0.7), expected);
}

TEST(PublishedFunctions, ProgressionGivesTheLinearsOfABlockTheSameSparsity) {
  const double step = 0.05;
  ExpectNear("arithmetic-progression", "6 linears by hand",
             Allocate("arithmetic-progression beta=0.05", SixLinears(), {}, 0.5),
             {0.5 - step / 2, 0.5 - step / 2, 0.5 - step / 2, 0.5 + step / 2, 0.5 + step / 2,
              0.5 + step / 2});
}

TEST(PublishedFunctions, NeuroAl) {
  Values expected;
  for (int i = 0; i < 30; ++i) expected.push_back(0.7 + 2 * 0.1 * (i / 29.0 - 0.5));
  ExpectNear("neuroal", "closed form, 30 blocks",
             Allocate("neuroal lambda=0.1", OracleLayout(), {}, 0.7), expected);
}

// r = mm(alpha) 2 epsilon + 1 - epsilon; s = r S sum(N) / sum(N r).
TEST(PublishedFunctions, AlphaPruning) {
  const UnitLayout layout = SquareBlocks({100, 300, 200, 400});
  const Values alpha = {2.1, 3.4, 4.0, 2.9};
  for (const double epsilon : {0.3, 0.2}) {
    Values ratio;
    double weighted = 0;
    for (size_t i = 0; i < 4; ++i) {
      ratio.push_back((alpha[i] - 2.1) / (4.0 - 2.1) * 2 * epsilon + 1 - epsilon);
      weighted += ratio[i] * static_cast<double>(layout[i].parameters);
    }
    for (double& value : ratio) value *= 0.6 * 1000 / weighted;
    ASSERT_LT(*std::max_element(ratio.begin(), ratio.end()), 0.99);
    ExpectNear("alphapruning", "4 blocks by hand",
               Allocate("alphapruning epsilon=" + std::to_string(epsilon), layout,
                        {{"alpha", alpha}}, 0.6),
               ratio);
  }
}

// The importance of the paper, I = 1 - m / sum m, is pruned less where it is higher.
TEST(PublishedFunctions, DynamicLayerwisePruning) {
  const auto mean = Oracle()["wanda_score_moments"]["mean"].get<Values>();
  const double sum = std::accumulate(mean.begin(), mean.end(), 0.0);
  Values importance;
  for (const double value : mean) importance.push_back(1 - value / sum);
  const Values expected = Template(importance, 0.15, 0.7, -1);
  ExpectNear("dlp", "SmolLM2, mean score",
             Allocate("dlp", OracleLayout(), {{"mean(WX)", mean}}, 0.7), expected);
  ExpectNear("dlp-median", "by hand, the mean for it",
             Allocate("dlp-median", OracleLayout(), {{"quantile(WX, 0.5)", mean}}, 0.7), expected);
}

TEST(PublishedFunctions, ShortGpt) {
  // The last block's is not among the reference's numbers.
  nlohmann::json blocks = Reference()["block_influence"];
  blocks.erase(29);
  const auto influence = blocks.get<Values>();
  const UnitLayout layout = SquareBlocks(std::vector<int64_t>(29, kOracleBlockSize));
  ExpectNear("shortgpt", "SmolLM2, block influence",
             Allocate("shortgpt", layout, {{"influence", influence}}, 0.7),
             Template(influence, 0.08, 0.7, -1));
}

// What is kept of a unit is in proportion to its score, and the kept weights add up.
TEST(PublishedFunctions, Ecoflap) {
  const UnitLayout layout = SquareBlocks({100, 300, 200, 400});
  const Values score = {0.6, 0.9, 0.5, 0.4};
  const double sum = 0.6 + 0.9 + 0.5 + 0.4;
  Values expected;
  for (size_t i = 0; i < 4; ++i) {
    const double kept = 0.3 * 1000 * score[i] / sum;
    expected.push_back(1 - kept / static_cast<double>(layout[i].parameters));
  }
  ExpectNear("ecoflap", "4 blocks by hand",
             Allocate("ecoflap", layout, {{"sensitivity", score}}, 0.7), expected);
  ExpectNear("ecoflap-span", "4 blocks by hand",
             Allocate("ecoflap-span", FourBlocks(), {{"sensitivity", score}}, 0.7),
             Template(score, 0.08, 0.7, -1));
}

TEST(PublishedFunctions, Dsa) {
  const nlohmann::json oracle = Oracle();
  // The reference code computes in single precision.
  Values variance = oracle["wanda_score_moments"]["var"].get<Values>();
  for (double& value : variance) value = static_cast<float>(value);
  ExpectNear("dsa-absvar", "SmolLM2, variance",
             Allocate("dsa-absvar", OracleLayout(), {{"var(abs(WX))", variance}}, 0.7),
             Template(variance, 0.08, 0.7, 1));

  // asin(atan(v)) is not a number, and then 0, from v = tan 1 on.
  const Values log_variance = {1.2, 2.0, 0.9, 1.5, 1.4, 1.7};
  Values x;
  for (const double value : log_variance) {
    const float angle =
        static_cast<float>(std::atan(static_cast<double>(static_cast<float>(value))));
    x.push_back(angle > 1 ? 0 : static_cast<float>(std::asin(static_cast<double>(angle))));
  }
  ASSERT_EQ(x[1], 0);
  ASSERT_GT(x[0], 0.8);
  ExpectNear("dsa-logvar", "6 blocks by hand",
             Allocate("dsa-logvar", SquareBlocks(std::vector<int64_t>(6, 900)),
                      {{"var(abslog(WX))", log_variance}}, 0.7),
             Template(x, 0.08, 0.7, 1));
}

// What the reference code pruned, rounded down to whole columns, of its own values of the function.
TEST(PublishedFunctions, DsaIsWhatTheReferencePruned) {
  const nlohmann::json oracle = Oracle();
  const auto values = oracle["dsa"]["W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(7)"];
  Values x;
  for (const auto& value : values) x.push_back(value.is_number() ? value.get<double>() : 0.0);
  ASSERT_EQ(x.size(), 30u);
  const Values expected = Template(x, 0.08, 0.7, 1);
  const auto pruned = oracle["pruned_block_sparsity"]["dsa"].get<Values>();
  double largest = 0;
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_LE(pruned[i], expected[i] + 1e-6) << i;
    EXPECT_GE(pruned[i], expected[i] - 1.0 / 576) << i;
    largest = std::max(largest, std::fabs(pruned[i] - expected[i]));
  }
  std::printf("[ deviation] %-24s %-28s %.1e (columns: 1/576 = 1.7e-03)\n", "dsa-logvar",
              "SmolLM2, zeros of DSA's code", largest);
}

TEST(PublishedFunctions, StatisticsOfTheLogScore) {
  const Values statistic = {3.1, 2.0, 2.6, 2.4};
  ExpectNear("log-mean", "4 blocks by hand",
             Allocate("log-mean", FourBlocks(), {{"mean(abslog(WX))", statistic}}, 0.6),
             Template(statistic, 0.15, 0.6, 1));
  ExpectNear("log-variance", "4 blocks by hand",
             Allocate("log-variance", FourBlocks(), {{"var(abslog(WX))", statistic}}, 0.6),
             Template(statistic, 0.15, 0.6, -1));
}

}  // namespace
}  // namespace strata::expr

#include "cli/shared/expression_chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace strata::cli {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Sparkline, HeightsFromSmallestToLargest) {
  const std::vector<double> values = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(Sparkline(values, 8), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline(std::vector<double>{3, 3}, 8), "▅▅");
  EXPECT_EQ(Sparkline(std::vector<double>{-1e308, 1e308}, 8), "▁█") << "the range overflows";
}

TEST(Sparkline, WhatIsNotFiniteHasSigns) {
  EXPECT_EQ(Sparkline(std::vector<double>{0, std::nan(""), kInfinity, -kInfinity, 1}, 8), "▁×↑↓█");
  EXPECT_EQ(Sparkline(std::vector<double>{std::nan("")}, 8), "×");
}

TEST(Sparkline, ManyValuesAreAveragedInGroups) {
  EXPECT_EQ(Sparkline(std::vector<double>{0, 0, 0, 0, 8, 8}, 3), "▁▁█");
}

TEST(Extent, CountsWhatIsNotFinite) {
  EXPECT_EQ(Extent(std::vector<double>{0.25, 3}), "0.25 to 3");
  EXPECT_EQ(Extent(std::vector<double>{2, 2}), "2 everywhere");
  EXPECT_EQ(Extent(std::vector<double>{1, std::nan(""), 2, kInfinity}),
            "1 to 2, 1 NaN, 1 infinite");
  EXPECT_EQ(Extent(std::vector<double>{std::nan("")}), "no finite value, 1 NaN");
}

TEST(TreeChart, BranchesTypesAndValues) {
  const expr::Expression tree = *expr::ParseExpression("span(depth + var(abs(W)) * 2, 0.1)");
  EXPECT_EQ(TreeChart(tree, {}),
            "span lambda=0.1   Allocation\n"
            "└─ +              Units\n"
            "   ├─ depth       Units\n"
            "   └─ *           Units\n"
            "      ├─ var      Units\n"
            "      │  └─ abs   Tensor\n"
            "      │     └─ W  Tensor\n"
            "      └─ 2        Units\n");
  const expr::FeatureTable table(expr::SquareBlocks({100, 100}));
  const std::string chart = TreeChart(tree, expr::EvaluateNodes(tree, table, {.sparsity = 0.5}));
  EXPECT_NE(chart.find("depth       Units       ▁█  0 to 1\n"), std::string::npos) << chart;
  EXPECT_NE(chart.find("var      Units       unknown\n"), std::string::npos) << chart;
  EXPECT_NE(chart.find("span lambda=0.1   Allocation  unknown\n"), std::string::npos) << chart;
}

TEST(AllocationChart, OneBarPerUnit) {
  const std::string chart = AllocationChart({"0", "10"}, std::vector<double>{0.25, 0.5});
  EXPECT_EQ(chart.find(" 0  0.2500  ██████████·"), 0u) << chart;
  EXPECT_NE(chart.find("\n10  0.5000  ████████████████████·"), std::string::npos) << chart;
}

}  // namespace
}  // namespace strata::cli

#include <gtest/gtest.h>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

// Texts in their shortest form print as they are.
TEST(Printer, PrintsTheShortestText) {
  for (const std::string_view text : {"span(-var(abslog(WX)), 0.15)",
                                      "span(depth + 0.5 * minmax(outliers(5)), 0.08)",
                                      "uniform()",
                                      "waterfill(-suffixmean(exp(-redundancy)) / size, 0.2, 0.2)",
                                      "depth - (size - 2)",
                                      "depth - size - 2",
                                      "depth + (size + 2)",
                                      "depth / (size / 2)",
                                      "depth * (size * 2)",
                                      "(depth + size) * 2",
                                      "depth + size * 2",
                                      "-(depth + size)",
                                      "-(depth * size)",
                                      "-depth * size",
                                      "depth - -size",
                                      "--depth",
                                      "-2",
                                      "-(2)",
                                      "--2",
                                      "--(2)",
                                      "-2 * depth",
                                      "-(-2 * depth)",
                                      "depth - -2",
                                      "-(2) * depth",
                                      "min(depth, -1e-07)",
                                      "-0",
                                      "1000",
                                      "0.30000000000000004",
                                      "mean(X)",
                                      "-abs(-W)",
                                      "quantile(abs(W), 0.25)",
                                      "mix(depth + 1, -size, 0.5)",
                                      "-mix(depth, size, 0.5) * 2",
                                      "density(1 / fan)",
                                      "direct(-2)",
                                      "nm(mean(WX), 0.125, 8)",
                                      "logistic(depth, 0.1, 2.5)",
                                      "within(within(uniform(), depth, 0.1, 0.2), -size, 0.3, 0.4)",
                                      "outliers(10)"}) {
    EXPECT_EQ(PrintExpression(Parsed(text)), text);
  }
}

TEST(Printer, DropsWhatIsNotNeeded) {
  EXPECT_EQ(PrintExpression(Parsed("((depth)) + ((2.50))")), "depth + 2.5");
  EXPECT_EQ(PrintExpression(Parsed("ABS(VAR(WX))")), "abs(var(WX))");
  EXPECT_EQ(PrintExpression(Parsed("depth()*(size)")), "depth * size");
}

}  // namespace
}  // namespace strata::expr

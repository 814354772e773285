#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "expr/allocation.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

FeatureTable Table(std::vector<int64_t> sizes, const std::string& feature,
                   std::vector<double> values) {
  FeatureTable table(SquareBlocks(sizes));
  EXPECT_TRUE(table.Add(feature, std::move(values)).ok());
  return table;
}

std::vector<double> Units(std::string_view text, const FeatureTable& table) {
  absl::StatusOr<std::vector<double>> values = EvaluateUnits(Parsed(text), table);
  EXPECT_TRUE(values.ok()) << std::string(values.status().message());
  return *std::move(values);
}

TEST(EvaluateUnits, StructuralSources) {
  const FeatureTable table(SquareBlocks({100, 400, 200}));
  EXPECT_THAT(Units("depth", table), ElementsAre(0, 0.5, 1));
  EXPECT_THAT(Units("size", table), ElementsAre(0.25, 1, 0.5));
  EXPECT_THAT(Units("depth * size - 2", table), ElementsAre(-2, -1.5, -1.5));
  EXPECT_THAT(Units("depth", FeatureTable(SquareBlocks({7}))), ElementsAre(0));
}

TEST(EvaluateUnits, BadValuesBecomeFiniteAtOnce) {
  const FeatureTable table =
      Table({1, 1, 1, 1}, "mean(W)", {std::nan(""), kInfinity, -kInfinity, -0.0});
  EXPECT_THAT(Units("mean(W)", table), ElementsAre(0, 1e30, -1e30, 0));
  EXPECT_THAT(Units("1 / mean(W)", table), ElementsAre(1e30, 1 / 1e30, -1 / 1e30, 1e30));
  EXPECT_THAT(Units("log(mean(W))", table), ElementsAre(-1e30, DoubleEq(std::log(1e30)), 0, -1e30));
  EXPECT_THAT(Units("asin(2 + depth)", table), Each(0.0));
  EXPECT_THAT(Units("exp(mean(W)) - exp(mean(W))", table), Each(0.0));
}

TEST(EvaluateDsaUnits, RoundsToSinglePrecisionAndCleansUpAtTheEnd) {
  const FeatureTable table = Table({1, 1, 1, 1}, "mean(W)", {0.1, 89, 2, std::nan("")});
  const auto values = [&table](std::string_view text) {
    return *EvaluateDsaUnits(Parsed(text), table);
  };
  EXPECT_THAT(values("mean(W)"), ElementsAre(double{0.1f}, 89, 2, 0));
  // Beyond single precision although far within double precision.
  EXPECT_EQ(values("exp(mean(W))")[1], -1.0);
  // IEEE inside: the logarithm of an infinity is one, its arctangent is not.
  EXPECT_EQ(values("log(exp(mean(W)))")[1], -1.0);
  EXPECT_EQ(values("atan(exp(mean(W)))")[1], double{static_cast<float>(M_PI / 2)});
  EXPECT_EQ(values("asin(mean(W))")[2], 0.0);
  EXPECT_EQ(values("exp(asin(mean(W)))")[2], 0.0) << "NaN all the way, not exp(0)";
  EXPECT_EQ(values("-exp(mean(W))")[1], -1.0);
}

TEST(EvaluateAllocation, NamesWhatIsMissing) {
  const FeatureTable table(SquareBlocks({1, 1}));
  const absl::Status missing =
      EvaluateAllocation(Parsed("span(var(abslog(WX)) + depth, 0.1)"), table, {}).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("'var(abslog(WX))'"));

  EXPECT_THAT(std::string(EvaluateAllocation(Parsed("depth"), table, {}).status().message()),
              HasSubstr("expected an expression of type Allocation, found 'depth'"));
  EXPECT_THAT(std::string(EvaluateUnits(Parsed("span(depth, 0.1)"), table).status().message()),
              HasSubstr("expected an expression of type Units"));
  Expression invalid = Parsed("span(depth, 0.1)");
  invalid.parameters[0] = kInfinity;
  EXPECT_EQ(EvaluateAllocation(invalid, table, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(EvaluateAllocation(Parsed("uniform()"), FeatureTable({}), {}).ok());
  EXPECT_EQ(EvaluateAllocation(Parsed("uniform()"), table, {0.7, 0.8, 0.9}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(EvaluateAllocation, PrunesHighValuesMore) {
  const FeatureTable table = Table({1, 1, 1}, "mean(W)", {1, 5, 3});
  for (const std::string_view text :
       {"span(mean(W), 0.1)", "rank(mean(W), 0.1)", "ramp(mean(W), 0.1)",
        "waterfill(mean(W), 0.1, 0.1)", "dsa(mean(W), 0.1)"}) {
    const Allocation allocation = *EvaluateAllocation(Parsed(text), table, {});
    EXPECT_THAT(allocation, Pointwise(DoubleNear(1e-12), std::vector<double>{0.6, 0.8, 0.7}))
        << text;
  }
}

TEST(EvaluateAllocation, ConstantsAreUniform) {
  const FeatureTable table = Table({10, 20, 70}, "mean(W)", {4, 4, 4});
  for (const std::string_view text :
       {"uniform()", "span(mean(W), 0.1)", "rank(mean(W), 0.1)", "ramp(mean(W), 0.1)",
        "waterfill(mean(W), 0.1, 0.1)", "dsa(mean(W), 0.1)", "logistic(mean(W), 0.1, 3)",
        "proportion(mean(W), 0.3)", "density(mean(W))", "density(-mean(W))", "density(0)",
        "direct(mean(W))", "within(span(mean(W), 0.1), mean(W), 0.1, 0.1)"}) {
    const Allocation allocation = *EvaluateAllocation(Parsed(text), table, {0.6});
    EXPECT_THAT(allocation, Each(DoubleNear(0.6, 1e-12))) << text;
  }
}

TEST(EvaluateAllocation, DsaTakesNanAsZeroAndBothInfinitiesAsMinusOne) {
  const FeatureTable table =
      Table({1, 1, 1, 1, 1}, "mean(W)", {1, std::nan(""), kInfinity, -kInfinity, 3});
  // Values 1, 0, -1, -1, 3.
  const std::vector<double> scaled = {0.5, 0.25, 0, 0, 1};
  const double mean = 0.35;
  const Allocation allocation = *EvaluateAllocation(Parsed("dsa(mean(W), 0.1)"), table, {0.5});
  for (size_t i = 0; i < scaled.size(); ++i) {
    EXPECT_NEAR(allocation[i], 0.5 + 0.2 * (scaled[i] - mean), 1e-12);
  }
}

TEST(EvaluateAllocation, GroupsGetWholeNumbersOfZerosAndTheExactMean) {
  const FeatureTable table(SquareBlocks(std::vector<int64_t>(30, 4096)));
  for (const int group : {4, 8, 16}) {
    const AllocationTarget target{.sparsity = 0.5, .group = group};
    const Allocation smooth =
        EvaluateAllocation(Parsed("ramp(depth, 0.012)"), table, {.sparsity = 0.5}).value();
    const Allocation grouped =
        EvaluateAllocation(Parsed("ramp(depth, 0.012)"), table, target).value();
    for (size_t i = 0; i < grouped.size(); ++i) {
      const double zeros = grouped[i] * group;
      EXPECT_EQ(zeros, std::round(zeros)) << i;
      EXPECT_LE(std::fabs(grouped[i] - smooth[i]), 1.0 / group) << i;
    }
    EXPECT_DOUBLE_EQ(MeanSparsity(grouped, table.parameters()), 0.5);
    EXPECT_LT(grouped.front(), grouped.back());
  }
  const absl::Status unreachable =
      EvaluateAllocation(Parsed("uniform()"), table, {.sparsity = 0.501, .group = 4}).status();
  EXPECT_EQ(unreachable.code(), absl::StatusCode::kFailedPrecondition) << unreachable;
  EXPECT_FALSE(
      EvaluateAllocation(Parsed("uniform()"), table, {.sparsity = 0.5, .group = 129}).ok());
}

}  // namespace
}  // namespace strata::expr

#include "expr/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "expr/layout_sources.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FeatureTable SmallTable() {
  FeatureTable table(SquareBlocks({100, 400, 200}));
  EXPECT_TRUE(table.Add("mean(W)", {1, 5, 3}).ok());
  return table;
}

TEST(Program, EvaluatesLayersAndAllocations) {
  const FeatureTable table = SmallTable();
  Workspace workspace;
  std::vector<double> out(3);
  const Program layers = *Program::Compile(Parsed("mean(W) * size - mean(W)"), table);
  EXPECT_EQ(layers.type(), ValueType::kUnits);
  EXPECT_EQ(layers.units(), 3);
  ASSERT_TRUE(layers.EvaluateUnits(workspace, out).ok());
  EXPECT_THAT(out, ElementsAre(-0.75, 0, -1.5));
  const Program allocation = *Program::Compile(Parsed("rank(mean(W), 0.1)"), table);
  EXPECT_EQ(allocation.type(), ValueType::kAllocation);
  for (const double sparsity : {0.5, 0.6, 0.5}) {
    ASSERT_TRUE(allocation.EvaluateAllocation({sparsity}, workspace, out).ok());
    EXPECT_EQ(out, *EvaluateAllocation(Parsed("rank(mean(W), 0.1)"), table, {sparsity}));
  }
}

TEST(Program, IsCopiedWithItsValues) {
  const FeatureTable table = SmallTable();
  Workspace workspace;
  std::vector<double> out(3);
  Program copy = *Program::Compile(Parsed("mean(W)"), table);
  {
    const Program original = *Program::Compile(Parsed("mix(mean(W), size, 0.5)"), table);
    copy = original;
  }
  ASSERT_TRUE(copy.EvaluateUnits(workspace, out).ok());
  EXPECT_THAT(out, ElementsAre(0.625, 3, 1.75));
}

TEST(Program, SaysWhatIsWrong) {
  const FeatureTable table = SmallTable();
  const auto error = [&table](std::string_view text) {
    return std::string(Program::Compile(Parsed(text), table).status().message());
  };
  EXPECT_EQ(error("span(mean(W) + var(X) * std(X), 0.1)"), "feature 'var(X)' was not measured");
  EXPECT_EQ(Program::Compile(Parsed("var(X)"), table).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(error("abs(WX)"), HasSubstr("of type Allocation or Units, found 'abs(WX)'"));
  EXPECT_EQ(std::string(Program::Compile(Parsed("depth"), FeatureTable({})).status().message()),
            "the feature table has no units");
  EXPECT_THAT(
      std::string(Program::CompileDsa(Parsed("span(depth, 0.1)"), table).status().message()),
      HasSubstr("of type Units"));

  Workspace workspace;
  std::vector<double> out(3);
  const Program layers = *Program::Compile(Parsed("depth"), table);
  const Program allocation = *Program::Compile(Parsed("uniform()"), table);
  EXPECT_FALSE(layers.EvaluateAllocation({}, workspace, out).ok());
  EXPECT_FALSE(allocation.EvaluateUnits(workspace, out).ok());
  EXPECT_EQ(allocation.EvaluateAllocation({0.7, 0.8, 0.9}, workspace, out).code(),
            absl::StatusCode::kFailedPrecondition);
  out.resize(2);
  EXPECT_THAT(std::string(layers.EvaluateUnits(workspace, out).message()),
              HasSubstr("expected room for 3 values, found 2"));
}

TEST(Program, OneWorkspaceServesProgramsAndTablesOfEverySize) {
  Workspace workspace;
  for (const int units : {1, 40, 3, 41, 2}) {
    const FeatureTable table(SquareBlocks(std::vector<int64_t>(static_cast<size_t>(units), 9)));
    for (const std::string_view text :
         {"rank(ranks(depth) + (depth - (size + ranks(-depth))), 0.2)", "uniform()",
          "within(proportion(-depth, 0.3), size, 0.1, 0.1)"}) {
      const Program program = *Program::Compile(Parsed(text), table);
      std::vector<double> out(static_cast<size_t>(units));
      ASSERT_TRUE(program.EvaluateAllocation({}, workspace, out).ok());
      EXPECT_EQ(out, *EvaluateAllocation(Parsed(text), table, {})) << text << " of " << units;
    }
  }
}

// The meaning of a tree, node by node as allocation.h says it.
std::vector<double> Meaning(const Expression& node, const FeatureTable& table, ValueRule rule) {
  const auto units = static_cast<size_t>(table.units());
  std::vector<std::vector<double>> operands;
  std::vector<double> out(units);
  const Operator& row = OperatorOf(node.op);
  if (row.kind != OperatorKind::kReduction) {
    for (const Expression& child : node.children) {
      operands.push_back(Meaning(child, table, rule));
    }
  }
  KernelScratch scratch(units);
  if (const LayoutSource source = LayoutSourceOf(node.op)) {
    source(table.layout(), out);
  } else if (row.kind == OperatorKind::kAcrossUnits) {
    AcrossUnitsKernelOf(node.op)(operands[0], table.layout(), scratch, out);
  } else {
    for (size_t i = 0; i < units; ++i) {
      switch (row.kind) {
        case OperatorKind::kConstant:
          out[i] = node.parameters[0];
          break;
        case OperatorKind::kElementwise:
          out[i] = ScalarKernelOf(node.op)(operands[0][i]);
          break;
        case OperatorKind::kBinary:
          out[i] = BinaryKernelOf(node.op)(operands[0][i], operands[1][i], node.parameters);
          break;
        default:
          out[i] = (*table.Find(PrintExpression(node)))[i];
      }
    }
  }
  for (double& value : out) {
    value = rule == ValueRule::kTotal ? Total(value) : SinglePrecision(value);
  }
  return out;
}

void ExpectSameBits(const std::vector<double>& actual, const std::vector<double>& expected,
                    const std::string& text) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint64_t>(actual[i]), std::bit_cast<uint64_t>(expected[i]))
        << text << " at unit " << i << ": " << actual[i] << " is not " << expected[i];
  }
}

TEST(Program, GivesTheBitsOfTheMeaningOfRandomTrees) {
  MersenneTwister random(11);
  VariationOptions options;
  options.sources = {"WX", "W", "X", "depth", "size", "outliers", "fan", "attention", "alpha"};
  Workspace workspace;
  int compared = 0;
  for (int round = 0; round < 20000; ++round) {
    const Expression tree = RandomExpression(random, options);
    if (tree.children.empty() || TypeOf(tree.children[0]) != ValueType::kUnits) continue;
    const Expression& operand = tree.children[0];
    FeatureTable table(SquareBlocks(RandomSizes(random)));
    for (const std::string& feature : RequiredFeatures(operand)) {
      ASSERT_TRUE(
          table.Add(feature, HostileFeature(random, static_cast<size_t>(table.units()))).ok());
    }
    std::vector<double> out(static_cast<size_t>(table.units()));
    ASSERT_TRUE(Program::Compile(operand, table)->EvaluateUnits(workspace, out).ok());
    ASSERT_NO_FATAL_FAILURE(
        ExpectSameBits(out, Meaning(operand, table, ValueRule::kTotal), PrintExpression(operand)));
    ASSERT_TRUE(Program::CompileDsa(operand, table)->EvaluateUnits(workspace, out).ok());
    std::vector<double> expected = Meaning(operand, table, ValueRule::kSinglePrecision);
    std::transform(expected.begin(), expected.end(), expected.begin(), DsaResult);
    ASSERT_NO_FATAL_FAILURE(ExpectSameBits(out, expected, "dsa " + PrintExpression(operand)));
    ++compared;
  }
  EXPECT_GT(compared, 10000);
}

}  // namespace
}  // namespace strata::expr

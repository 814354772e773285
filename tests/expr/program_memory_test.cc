// That evaluation does not allocate: a program of its own, because it replaces operator new.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "expr/program.h"
#include "tests/expr/allocation_counter.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

constexpr int kUnits = 40;

// Blocks of two units; `sizes` different numbers of weights.
FeatureTable Table(int sizes) {
  UnitLayout layout;
  for (int i = 0; i < kUnits; ++i) {
    layout.push_back({100 * (1 + i % sizes), i / 2,
                      i % 2 == 0 ? UnitKind::kAttention : UnitKind::kFeedForward, 20});
  }
  FeatureTable table(std::move(layout));
  MersenneTwister random(4);
  EXPECT_TRUE(table.Add("mean(W)", HostileFeature(random, kUnits)).ok());
  std::vector<double> values(kUnits);
  for (double& value : values) value = random.Normal();
  for (int i = 1; i < kUnits; i += 2) values[i] = values[i - 1];
  for (const char* feature :
       {"var(W)", "blockwise(var(W))", "blockwise(mean(W))", "slopes(dsa(var(W), 0.1), 0.7)"}) {
    EXPECT_TRUE(table.Add(feature, values).ok());
  }
  return table;
}

// Every operator that makes a value per unit is in one of these, each on its defaults.
std::vector<Expression> Everything() {
  std::vector<Expression> trees;
  for (size_t k = 0; k < Operators().size(); ++k) {
    const Operator& row = Operators()[k];
    Expression node{static_cast<OperatorId>(k), {}, {}};
    for (const OperatorParameter& parameter : row.parameters) {
      node.parameters.push_back(parameter.default_value);
    }
    for (int child = 0; child < row.arity; ++child) {
      const bool allocation = row.kind == OperatorKind::kDescent ||
                              (row.kind == OperatorKind::kAdjustment && child == 0);
      node.children.push_back(Parsed(allocation ? "dsa(var(W), 0.1)" : "(mean(W) + var(W))"));
    }
    switch (row.kind) {
      case OperatorKind::kElementwise:
      case OperatorKind::kAcrossUnits:
      case OperatorKind::kBinary: {
        Expression root = Parsed("dsa(depth, 0.1)");
        root.children[0] = node;
        trees.push_back(std::move(root));
        node = {IdOf("rank"), {0.1}, {std::move(node)}};
        trees.push_back(std::move(node));
        break;
      }
      case OperatorKind::kPostprocess:
      case OperatorKind::kDescent:
      case OperatorKind::kAdjustment:
        trees.push_back(std::move(node));
        break;
      default:
        break;
    }
  }
  return trees;
}

TEST(ProgramMemory, PreparedEvaluationAllocatesNothing) {
  const FeatureTable table = Table(1);
  const AllocationTarget target{0.75};
  Allocation allocation(kUnits);
  int evaluated = 0;
  for (const Expression& tree : Everything()) {
    const Program program = *Program::Compile(tree, table);
    Workspace workspace;
    workspace.Prepare(program);
    const int64_t before = AllocationCount();
    const bool ok = program.EvaluateAllocation(target, workspace, allocation).ok();
    EXPECT_EQ(AllocationCount(), before) << PrintExpression(tree);
    EXPECT_TRUE(ok) << PrintExpression(tree);
    ++evaluated;
  }
  EXPECT_GT(evaluated, 70);
}

TEST(ProgramMemory, NmOfSeveralSizesAllocatesOnlyTheFirstTime) {
  for (const int sizes : {2, 3, 4}) {
    const FeatureTable table = Table(sizes);
    const Program program = *Program::Compile(Parsed("nm(var(W), 0.1, 4)"), table);
    Workspace workspace;
    Allocation allocation(kUnits);
    ASSERT_TRUE(program.EvaluateAllocation({0.75}, workspace, allocation).ok());
    const int64_t before = AllocationCount();
    const bool ok = program.EvaluateAllocation({0.75}, workspace, allocation).ok();
    EXPECT_EQ(AllocationCount(), before) << sizes;
    EXPECT_TRUE(ok);
  }
}

TEST(ProgramMemory, TheCounterCounts) {
  const int64_t before = AllocationCount();
  const std::vector<double> values(100);
  EXPECT_EQ(AllocationCount(), before + 1);
}

}  // namespace
}  // namespace strata::expr

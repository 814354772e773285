#include "expr/operator_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace strata::expr {
namespace {

TEST(OperatorTable, RowsAreCompleteAndConsistent) {
  std::set<std::string_view> names;
  for (const Operator& row : Operators()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    if (!row.alias.empty()) {
      EXPECT_TRUE(names.insert(row.alias).second) << row.alias;
    }
    EXPECT_FALSE(row.meaning.empty()) << row.name;
    EXPECT_FALSE(row.source.empty()) << row.name;
    EXPECT_FALSE(row.latex.empty()) << row.name;
    int places = 0;
    for (size_t at = row.latex.find("{}"); at != std::string_view::npos;
         at = row.latex.find("{}", at + 2)) {
      ++places;
    }
    EXPECT_EQ(places, row.arity) << row.name << ": one {} in latex for each child";
    for (const OperatorParameter& parameter : row.parameters) {
      EXPECT_LT(parameter.minimum, parameter.maximum) << row.name;
      EXPECT_GE(parameter.default_value, parameter.minimum) << row.name;
      EXPECT_LE(parameter.default_value, parameter.maximum) << row.name;
      EXPECT_GE(parameter.step, 0) << row.name;
    }
  }
}

TEST(OperatorTable, ArityFollowsFromTheKind) {
  for (const Operator& row : Operators()) {
    const bool source = row.kind == OperatorKind::kTensorSource ||
                        row.kind == OperatorKind::kStructuralSource ||
                        row.kind == OperatorKind::kConstant || row.name == "uniform";
    const bool pair = row.kind == OperatorKind::kBinary || row.kind == OperatorKind::kAdjustment;
    EXPECT_EQ(row.arity, source ? 0 : pair ? 2 : 1) << row.name;
    EXPECT_TRUE(!row.commutative || row.kind == OperatorKind::kBinary) << row.name;
  }
}

TEST(OperatorTable, FindsByNameAndAlias) {
  for (size_t i = 0; i < Operators().size(); ++i) {
    const Operator& row = Operators()[i];
    EXPECT_EQ(FindOperator(row.name), &row);
    EXPECT_EQ(IdOf(row.name), static_cast<OperatorId>(i));
    EXPECT_EQ(&OperatorOf(static_cast<OperatorId>(i)), &row);
    if (!row.alias.empty()) {
      EXPECT_EQ(FindOperator(row.alias), &row);
    }
  }
  EXPECT_EQ(FindOperator(""), nullptr);
  EXPECT_EQ(FindOperator("Var"), nullptr);
  EXPECT_EQ(FindOperator("NO_OP"), nullptr);
}

TEST(OperatorTable, EveryDsaNameIsKnown) {
  for (const std::string_view name :
       {"ABS",  "ABSLOG", "POW", "EXP",  "NORMALIZE", "SIGMOID",        "TANH",           "MMS",
        "SQRT", "MEAN",   "VAR", "STD",  "L1_NORM",   "FROBENIUS_NORM", "GEOMETRIC_MEAN", "ENTROPY",
        "SIN",  "COS",    "TAN", "ASIN", "ACOS",      "ATAN",           "SOFTPLUS"}) {
    EXPECT_NE(FindOperator(name), nullptr) << name;
  }
}

// A change here means that running workers of another build will be refused: on purpose only.
TEST(OperatorTable, HashIsStable) { EXPECT_EQ(OperatorTableHash(), 12627224310414593699u); }

}  // namespace
}  // namespace strata::expr

#include "expr/dsa_string.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "expr/allocation.h"
#include "tests/expr/oracle.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  return std::string(ParseDsaString(text).status().message());
}

TEST(DsaString, ReadsFromLeftToRight) {
  EXPECT_EQ(Parsed("W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(7)"),
            Parsed("dsa(asin(atan(var(abslog(WX)))), 0.08)"));
  EXPECT_EQ(Parsed("W:(ABS)-(VAR)-(9)"), Parsed("dsa(var(abs(WX)), 0.08)"));
  EXPECT_EQ(Parsed("W:(LOG,POW)-(L1_NORM)-(LOG)"), Parsed("dsa(log(l1(pow2(logpos(WX)))), 0.08)"));
  EXPECT_EQ(Parsed("W:()-(NO_OP,STD)-()-(10)"), Parsed("dsa(std(WX), 0.08)"));
  EXPECT_EQ(Parsed("W:(NO_OP,EXP)-(NO_OP)-(ACOS,TAN)-(10)"),
            Parsed("dsa(mean(tan(acos(exp(WX)))), 0.08)"));
}

// Operators of the poster, and reductions that DSA's code names but cannot compute.
TEST(DsaString, ReadsWhatOnlyThePaperHas) {
  EXPECT_EQ(Parsed("W:(ABS)-(RANK)-(SIN)-(7)"), Parsed("dsa(sin(matrixrank(abs(WX))), 0.08)"));
  EXPECT_EQ(Parsed("W:(NO_OP)-(CORREF)-(NO_OP)-(7)"), Parsed("dsa(correlation(WX), 0.08)"));
  EXPECT_EQ(Parsed("W:(NO_OP)-(SLOGDET)-(LOG)-(7)"), Parsed("dsa(log(logdet(WX)), 0.08)"));
  EXPECT_EQ(Parsed("W:(SQRT)-(VAR)-(SOFTMAX)-(7)"), Parsed("dsa(softmax(var(sqrt(WX))), 0.08)"));
}

TEST(DsaString, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(ErrorOf("W:(NO_OP)-(DETERMINANT)-(SIN)-(7)"),
            "column 12: DSA's own code fails on 'DETERMINANT': only a square matrix has a "
            "determinant; 'SLOGDET' is that of the Gram matrix");
  EXPECT_EQ(ErrorOf("W:(NO_OP)-(GRAM)-(SIN)-(7)"),
            "column 12: DSA's own code fails on 'GRAM': a Gram matrix is not one number");
  EXPECT_THAT(ErrorOf("W:(NO_OP)-(DIAGONAL)-(SIN)-(7)"), HasSubstr("a diagonal is not one number"));
  EXPECT_EQ(
      ErrorOf("W:(ABS)-(NO_OP)-(SIN,SOFTMAX)-(7)"),
      "column 22: 'SOFTMAX' needs one number per block: expected a reduction before it, found "
      "NO_OP");
  EXPECT_EQ(ErrorOf("W:(ABSLOGG)-(VAR)-(SIN)-(7)"),
            "column 4: expected a DSA pre-process operator, found 'ABSLOGG', the nearest is "
            "'ABSLOG'");
  EXPECT_THAT(ErrorOf("W:(ABS)-(SIN)-(SIN)-(7)"), HasSubstr("column 10: expected a DSA reduction"));
  EXPECT_THAT(ErrorOf("W:(ABS)-(MEAN,VAR)-(SIN)-(7)"),
              HasSubstr("expected one reduction, found 2"));
  EXPECT_THAT(ErrorOf("W:(ABS)-(VAR)-(SIN)-(x)"), HasSubstr("column 22: expected an integer"));
  EXPECT_THAT(ErrorOf("W:(ABS)-(VAR)"), HasSubstr("column 14: expected '-('"));
  EXPECT_THAT(ErrorOf("W:(ABS)-(VAR)-(SIN)-(7)x"), HasSubstr("column 24: expected the end"));
  EXPECT_THAT(ErrorOf("W:(ABS"), HasSubstr("column 7: expected ')'"));
  EXPECT_THAT(ErrorOf("W:ABS"), HasSubstr("column 3: expected '('"));
  EXPECT_THAT(ErrorOf("W:(ABS,)-(VAR)-(SIN)-(7)"), HasSubstr("column 8: expected a DSA"));
  std::string many = "W:(ABS";
  for (int i = 0; i < 1000; ++i) many += ",ABS";
  EXPECT_THAT(ErrorOf(many + ")-(VAR)-(SIN)-(7)"), HasSubstr("at most 64 names"));
}

TEST(DsaString, ChainsAreWrittenAndReadBack) {
  for (const std::string_view text :
       {"dsa(asin(atan(var(abslog(WX)))), 0.08)", "dsa(std(mms(logpos(WX))), 0.08)",
        "dsa(mean(WX), 0.08)", "dsa(mean(asin(softplus(WX))), 0.08)",
        "dsa(softmax(exp(matrixrank(sqrt(WX)))), 0.08)", "dsa(correlation(WX), 0.08)",
        "dsa(atan(logdet(normalize(WX))), 0.08)", "dsa(log(softplus(rootprod(exp(WX)))), 0.08)",
        "dsa(mean(tan(acos(exp(WX)))), 0.08)"}) {
    const absl::StatusOr<std::string> written = PrintDsaString(Parsed(text));
    ASSERT_TRUE(written.ok()) << text;
    EXPECT_EQ(PrintExpression(Parsed(*written)), text) << *written;
  }
  EXPECT_EQ(*PrintDsaString(Parsed("W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(7)")),
            "W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(8)");
}

TEST(DsaString, LongChainsAreWrittenInOneList) {
  std::string names = "EXP";
  for (int i = 0; i < 20; ++i) names += ",ABS";
  const Expression chain = Parsed("W:(" + names + ")-()-(ABS,LOG)-(8)");
  EXPECT_EQ(Parsed(PrintDsaString(chain).value()), chain);
}

TEST(DsaString, OtherTreesAreNotWritten) {
  for (const std::string_view text :
       {"span(var(WX), 0.08)", "dsa(var(WX), 0.1)", "dsa(var(W), 0.08)", "dsa(depth, 0.08)",
        "dsa(var(WX) + depth, 0.08)", "dsa(minmax(var(WX)), 0.08)", "dsa(geomean(WX), 0.08)",
        "dsa(var(sin(WX)), 0.08)", "dsa(logpos(var(WX)), 0.08)", "dsa(sin(depth), 0.08)",
        "uniform()"}) {
    EXPECT_FALSE(PrintDsaString(Parsed(text)).ok()) << text;
  }
}

// Every string of the oracle either gives an expression, or an error where DSA's code raises one,
// but for reductions that are given a meaning.
TEST(DsaString, OracleStringsAreReadOrRefusedAsByDsa) {
  const nlohmann::json oracle = Oracle();
  for (const auto& [text, values] : oracle["dsa"].items()) {
    const absl::StatusOr<Expression> expression = ParseExpression(text);
    const bool has_meaning =
        text.find("(RANK)") != std::string::npos || text.find("CORREF") != std::string::npos ||
        text.find("SLOGDET") != std::string::npos || text.find("ENTROPY") != std::string::npos;
    if (values.is_string() && !has_meaning) {
      EXPECT_THAT(std::string(expression.status().message()), HasSubstr("DSA's own code fails"))
          << text;
    } else {
      EXPECT_TRUE(expression.ok()) << text;
    }
  }
}

// The transforms, from the moments of the Wanda score that DSA's reductions are.
TEST(DsaString, OracleValuesFollowFromTheMoments) {
  const nlohmann::json oracle = Oracle();
  const auto mean = oracle["wanda_score_moments"]["mean"].get<std::vector<double>>();
  const auto var = oracle["wanda_score_moments"]["var"].get<std::vector<double>>();
  const auto std = oracle["wanda_score_moments"]["std"].get<std::vector<double>>();
  std::vector<double> l2(mean.size());
  for (size_t i = 0; i < mean.size(); ++i) {
    const double n = oracle["wanda_score_moments"]["numel"][i].get<double>();
    l2[i] = std::sqrt(var[i] * (n - 1) + n * mean[i] * mean[i]);
  }
  FeatureTable table = OracleTable();
  ASSERT_TRUE(table.Add("mean(WX)", mean).ok());
  ASSERT_TRUE(table.Add("var(WX)", var).ok());
  ASSERT_TRUE(table.Add("std(WX)", std).ok());
  ASSERT_TRUE(table.Add("l2(WX)", l2).ok());
  // The scores hold zeros, and exp of 3.5 million positive numbers multiplies to infinity.
  ASSERT_TRUE(table.Add("rootprod(WX)", std::vector<double>(30, 0.0)).ok());
  ASSERT_TRUE(table.Add("rootprod(exp(WX))", std::vector<double>(30, INFINITY)).ok());
  int compared = 0;
  for (const auto& [text, values] : oracle["dsa"].items()) {
    // The norm of 3.5 million scores that DSA sums in single precision is off by up to 2e-4 of
    // itself, which is a large part of the angle whose sine this string takes.
    if (text == "W:(NO_OP)-(FROBENIUS_NORM)-(SIN)-(8)") continue;
    const absl::StatusOr<Expression> expression = ParseExpression(text);
    if (!expression.ok()) continue;
    const absl::StatusOr<std::vector<double>> ours =
        EvaluateDsaUnits(expression->children[0], table);
    if (!ours.ok()) continue;  // needs another feature
    ++compared;
    for (size_t i = 0; i < ours->size(); ++i) {
      const double expected = values[i].get<double>();
      EXPECT_NEAR((*ours)[i], expected, 1e-5 * std::max(1.0, std::fabs(expected)))
          << text << " block " << i;
    }
  }
  EXPECT_EQ(compared, 9);
}

// The reference code's own pruning: the allocation, but for its rounding down to whole columns.
TEST(DsaString, PublishedFunctionGivesTheAllocationOfTheReferenceCode) {
  const nlohmann::json oracle = Oracle();
  const std::string text = "W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(7)";
  // The log-variance, from asin(atan(v)); above tan(1) all values look alike.
  std::vector<double> variance;
  for (const nlohmann::json& value : oracle["dsa"][text]) {
    variance.push_back(value.get<double>() == 0 ? 4.0 : std::tan(std::sin(value.get<double>())));
  }
  FeatureTable table = OracleTable();
  ASSERT_TRUE(table.Add("var(abslog(WX))", variance).ok());
  const Allocation allocation = *EvaluateAllocation(Parsed(text), table, {0.7});
  for (size_t i = 0; i < allocation.size(); ++i) {
    const double pruned = oracle["pruned_block_sparsity"]["dsa"][i].get<double>();
    EXPECT_LE(pruned, allocation[i] + 1e-6) << i;
    EXPECT_GE(pruned, allocation[i] - 1.0 / 576) << i;
  }
}

}  // namespace
}  // namespace strata::expr

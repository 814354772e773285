#include "cli/report/transfer_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace strata::cli {
namespace {

using ::testing::HasSubstr;

TransferRow Row(TransferRole role, const std::string& name, std::vector<double> window_nll) {
  TransferRow row;
  row.role = role;
  row.name = row.expression = name;
  for (const double nll : window_nll) row.mean_nll += nll / static_cast<double>(window_nll.size());
  row.window_nll = std::move(window_nll);
  row.allocation = {0.7};
  row.achieved_sparsity = 0.7;
  return row;
}

TransferCell Cell() {
  return {0.7,
          {Row(TransferRole::kFunction, "found", {3.0, 3.1, 3.3, 3.2}),
           Row(TransferRole::kTuned, "owl", {3.4, 3.5, 3.8, 3.7}),
           Row(TransferRole::kPublished, "als", {3.3, 3.2, 3.6, 3.5}),
           Row(TransferRole::kPublished, "uniform", {3.9, 3.9, 3.9, 3.9})}};
}

TEST(TransferReport, ComparesWithTheBaselineOfTheLowestLossInPairs) {
  const TransferCell cell = Cell();
  const auto comparison = Compare(cell, {.resamples = 500, .seed = 3});
  ASSERT_TRUE(comparison.has_value());
  EXPECT_EQ(comparison->baseline->name, "als");
  EXPECT_NEAR(comparison->ratio, std::exp(3.15 - 3.4), 1e-12);
  EXPECT_NEAR(comparison->difference.value, std::exp(3.15) - std::exp(3.4), 1e-9);
  // Every window is better, so every resample is.
  ASSERT_TRUE(comparison->difference.interval.has_value());
  EXPECT_LT(comparison->difference.interval->high, 0);
  EXPECT_LT(comparison->difference.interval->low, comparison->difference.value);
  const auto again = Compare(cell, {.resamples = 500, .seed = 3});
  EXPECT_EQ(again->difference.interval->low, comparison->difference.interval->low);
}

TEST(TransferReport, WhatHasNoSparsitiesIsNotCompared) {
  TransferCell cell = Cell();
  cell.rows[2].failure = "no shift reaches the target";
  EXPECT_EQ(Compare(cell, {})->baseline->name, "owl");
  cell.rows[0].failure = "no shift reaches the target";
  EXPECT_FALSE(Compare(cell, {}).has_value());
  cell = {0.7, {Cell().rows[0]}};
  EXPECT_FALSE(Compare(cell, {}).has_value());
}

TEST(TransferReport, APerplexityAboveTheVocabularyIsWorseThanGuessing) {
  TransferReport report;
  TransferSubject subject;
  subject.vocabulary = 25;  // between exp(3.15) and exp(3.4)
  subject.cells = {Cell()};
  report.subjects = {subject};
  const std::string table = ToTable(report);
  EXPECT_THAT(table, HasSubstr("23.34 "));
  EXPECT_THAT(table, HasSubstr("29.96!"));
  EXPECT_THAT(table, HasSubstr("! worse than guessing: the vocabulary has 25 tokens"));
  report.subjects[0].vocabulary = 0;
  EXPECT_EQ(ToTable(report).find('!'), std::string::npos);
}

TEST(TransferReport, TableAndJsonSayHowTheNumbersWereMeasured) {
  TransferReport report;
  report.function = report.expression = "found";
  report.bootstrap.resamples = 100;
  report.config.report_windows = 4;
  TransferSubject subject;
  subject.model_name = "tiny";
  subject.dense_nll = 1;
  subject.cells = {Cell()};
  subject.cells[0].rows[3].failure = "too few units";
  report.subjects = {subject};

  const auto json = ToJson(report);
  const auto& cell = json["subjects"][0]["sparsities"][0];
  EXPECT_EQ(cell["comparison"]["best_baseline"], "als");
  EXPECT_EQ(cell["functions"].size(), 4u);
  EXPECT_EQ(cell["functions"][0]["window_nll"], (std::vector<double>{3.0, 3.1, 3.3, 3.2}));
  EXPECT_EQ(cell["functions"][3]["failure"], "too few units");
  EXPECT_FALSE(cell["functions"][3].contains("perplexity"));
  EXPECT_TRUE(json["found_on"].is_null());
  EXPECT_EQ(json["measurement"]["split"], "report");
  EXPECT_EQ(json["measurement"]["windows"], 4);

  const std::string table = ToTable(report);
  EXPECT_THAT(table, HasSubstr("4 windows of 256 tokens, report split, sequential protocol"));
  EXPECT_THAT(table, HasSubstr("too few units"));
  // The function first, then the baselines from best to worst.
  EXPECT_LT(table.find(" als "), table.find(" owl "));
  EXPECT_LT(table.find(" owl "), table.find(" uniform "));
  EXPECT_EQ(table.find("found on"), std::string::npos);

  report.found_on_name = "large";
  report.found_on_digest = "ab";
  EXPECT_EQ(ToJson(report)["found_on"]["name"], "large");
  EXPECT_EQ(ToJson(report)["found_on"]["digest"], "ab");
  EXPECT_THAT(ToTable(report), HasSubstr("found on large, digest ab\n"));
}

}  // namespace
}  // namespace strata::cli

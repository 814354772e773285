#include "evaluator/tasks/perplexity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace strata::tasks {
namespace {

using ::testing::HasSubstr;

std::vector<int32_t> Stream(int tokens) {
  std::vector<int32_t> stream(tokens);
  std::iota(stream.begin(), stream.end(), 0);
  return stream;
}

TEST(PerplexityTest, WindowsFollowOneAnotherFromTheStart) {
  const auto windows = CutWindows(Stream(11), {.window_tokens = 4});
  ASSERT_TRUE(windows.ok()) << windows.status();
  ASSERT_EQ(windows->size(), 2u);
  EXPECT_EQ((*windows)[1].tokens, (std::vector<int32_t>{4, 5, 6, 7}));
  EXPECT_EQ((*windows)[1].scored, 3);
  EXPECT_EQ(CutWindows(Stream(11), {.window_tokens = 4, .maximum_windows = 1})->size(), 1u);
}

TEST(PerplexityTest, TheTailIsKeptWhereItPredictsSomething) {
  const auto windows = CutWindows(Stream(11), {.window_tokens = 4, .keep_tail = true});
  ASSERT_EQ(windows->size(), 3u);
  EXPECT_EQ((*windows)[2].tokens, (std::vector<int32_t>{8, 9, 10}));
  EXPECT_EQ((*windows)[2].scored, 2);
  EXPECT_EQ(CutWindows(Stream(9), {.window_tokens = 4, .keep_tail = true})->size(), 2u);
  EXPECT_EQ(CutWindows(Stream(3), {.window_tokens = 4, .keep_tail = true})->size(), 1u);
  EXPECT_EQ(
      CutWindows(Stream(11), {.window_tokens = 4, .maximum_windows = 2, .keep_tail = true})->size(),
      2u);
}

TEST(PerplexityTest, WhatCannotBeCutIsRefused) {
  const auto refusal = [](int tokens, const WindowOptions& options) {
    return std::string(CutWindows(Stream(tokens), options).status().message());
  };
  EXPECT_THAT(refusal(3, {.window_tokens = 4}), HasSubstr("3 tokens, expected at least 4"));
  EXPECT_THAT(refusal(1, {.window_tokens = 4, .keep_tail = true}), HasSubstr("at least 2"));
  EXPECT_THAT(refusal(9, {.window_tokens = 1}), HasSubstr("windows of at least 2 tokens"));
  EXPECT_THAT(refusal(9, {.window_tokens = 4, .maximum_windows = -1}), HasSubstr("found 4 and -1"));
}

TEST(PerplexityTest, EveryPredictedTokenCountsAlike) {
  const std::vector<LikelihoodRequest> windows = {{Stream(4), 3}, {Stream(2), 1}};
  const std::vector<Likelihood> likelihoods = {{-6, false}, {-4, false}};
  const std::vector<Likelihood> better = {{-3, false}, {-1, false}};
  const PerplexityResult result = SummarizeWindows(windows, likelihoods, better, {});
  EXPECT_DOUBLE_EQ(result.mean_nll, 2.5);
  EXPECT_DOUBLE_EQ(result.perplexity.value, std::exp(2.5));
  EXPECT_EQ(result.windows, 2);
  EXPECT_EQ(result.tokens, 4);
  EXPECT_DOUBLE_EQ(result.difference->value, std::exp(2.5) - std::exp(1.0));
  EXPECT_GT(result.difference->interval->low, 0);
  EXPECT_FALSE(SummarizeWindows(windows, likelihoods, {}, {}).difference.has_value());
}

}  // namespace
}  // namespace strata::tasks

#include "evaluator/tasks/packed_requests.h"

#include <gtest/gtest.h>

#include <random>

namespace strata::tasks {
namespace {

// The tokens that a row of a layout stands for, with all before it.
std::vector<int32_t> TokensUpTo(const evaluator::PackedTokens& tokens, int64_t row) {
  for (const evaluator::TokenSegment& segment : tokens.layout.segments()) {
    if (row < segment.first_row || row >= segment.first_row + segment.rows) continue;
    std::vector<int32_t> before;
    if (segment.prefix >= 0) {
      const auto& prefix = tokens.layout.segments()[segment.prefix];
      before = TokensUpTo(tokens, prefix.first_row + prefix.rows - 1);
    }
    before.insert(before.end(), tokens.ids.begin() + segment.first_row,
                  tokens.ids.begin() + row + 1);
    return before;
  }
  return {};
}

void ExpectPredictions(const std::vector<LikelihoodRequest>& requests) {
  const PackedRequests packed = Pack(requests);
  ASSERT_EQ(packed.first_prediction.size(), requests.size() + 1);
  for (size_t r = 0; r < requests.size(); ++r) {
    const LikelihoodRequest& request = requests[r];
    ASSERT_EQ(packed.first_prediction[r + 1] - packed.first_prediction[r], request.scored);
    for (int64_t i = 0; i < request.scored; ++i) {
      const int64_t place = packed.first_prediction[r] + i;
      const auto end = request.tokens.end() - request.scored + i;
      EXPECT_EQ(packed.targets[place], *end);
      EXPECT_EQ(TokensUpTo(packed.tokens, packed.rows[place]),
                std::vector<int32_t>(request.tokens.begin(), end));
    }
  }
}

TEST(PackedRequestsTest, ChoicesShareTheirContext) {
  const std::vector<LikelihoodRequest> requests = {
      {{1, 2, 3, 4, 10, 11}, 2}, {{1, 2, 3, 4, 12}, 1}, {{1, 2, 3, 4, 13, 14, 15}, 3}};
  ExpectPredictions(requests);
  // The context once, then 1, 0 and 2 tokens of the choices that are read.
  EXPECT_EQ(Pack(requests).tokens.layout.rows(), 7);
}

TEST(PackedRequestsTest, ChoicesOfOneTokenReadNothingOfTheirOwn) {
  const std::vector<LikelihoodRequest> requests = {{{1, 2, 3, 7}, 1}, {{1, 2, 3, 8}, 1}};
  ExpectPredictions(requests);
  EXPECT_EQ(Pack(requests).tokens.layout.rows(), 3);
}

TEST(PackedRequestsTest, WhatHasLittleInCommonIsReadWhole) {
  const std::vector<LikelihoodRequest> requests = {
      {{1, 2, 3, 4, 5}, 2}, {{1, 9, 9, 9, 9}, 2}, {{5, 6}, 1}};
  ExpectPredictions(requests);
  EXPECT_EQ(Pack(requests).tokens.layout.rows(), 4 + 4 + 1);
}

TEST(PackedRequestsTest, ThePredictionsAreThoseOfTheRequestsWhateverIsShared) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<LikelihoodRequest> requests;
    std::vector<int32_t> context;
    for (int r = 0; r < 6; ++r) {
      if (random() % 3 == 0) context.clear();
      while (context.size() < 1 + random() % 8) context.push_back(random() % 3);
      LikelihoodRequest request{context, static_cast<int64_t>(1 + random() % 4)};
      for (int64_t i = 0; i < request.scored; ++i) request.tokens.push_back(random() % 3);
      requests.push_back(request);
    }
    ExpectPredictions(requests);
  }
}

TEST(TokensRead, SharedBeginningsCountOnce) {
  EXPECT_EQ(TokensRead({}), 0);
  ItemRequests item;
  item.likelihoods = {{{1, 2, 3, 4, 5}, 1}, {{1, 2, 3, 4, 6}, 1}};  // the last token is not read
  EXPECT_EQ(TokensRead(std::vector<ItemRequests>{item}), 4);
  ItemRequests other;
  other.likelihoods = {{{7, 8, 9}, 2}};
  EXPECT_EQ(TokensRead(std::vector<ItemRequests>{item, other}), 6);
  // A batch holds whole items, so what two batches share is read in each.
  ItemRequests long_item;
  long_item.likelihoods = {{std::vector<int32_t>(kBatchTokens, 1), 1}};
  EXPECT_EQ(TokensRead(std::vector<ItemRequests>{long_item, long_item}), 2 * (kBatchTokens - 1));
}

}  // namespace
}  // namespace strata::tasks

#include "evaluator/evaluator_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/synthetic_evaluator.h"

namespace strata::evaluator {
namespace {

TEST(EvaluatorSet, OneIsFoundByItsDigestsOrNone) {
  const auto evaluator = MakeSyntheticEvaluator({.blocks = 3, .before_operation = nullptr});
  const auto set = SetOfOne(evaluator.get());
  const std::string& model = evaluator->model().digest;
  ASSERT_EQ(set->model_digests(), std::vector<std::string>{model});
  EXPECT_EQ(*set->Find("", ""), evaluator.get());
  EXPECT_EQ(*set->Find(model, evaluator->text_digest()), evaluator.get());
  for (const auto& found : {set->Find("another", ""), set->Find(model, "another")}) {
    EXPECT_EQ(found.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(found.status().message()), ::testing::HasSubstr("another"));
  }
}

TEST(EvaluatorSet, PlacesAreThoseOfTheDigests) {
  EXPECT_EQ(*PlaceOfDigest("text", {"a", "b"}, "b"), 1u);
  EXPECT_EQ(*PlaceOfDigest("text", {"a", "b"}, ""), 0u);
  EXPECT_FALSE(PlaceOfDigest("text", {"a", "b"}, "c").ok());
}

}  // namespace
}  // namespace strata::evaluator

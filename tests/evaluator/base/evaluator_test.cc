#include "evaluator/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;

TEST(UnitParameters, CountsByBlockAndByLinear) {
  ModelSummary model;
  model.blocks = 3;  // the last has no prunable linear
  model.linears = {{"a", 0, 2, 3}, {"b", 0, 5, 7}, {"a", 1, 11, 13}};
  EXPECT_THAT(UnitParameters(model, Granularity::kBlock), ElementsAre(41, 143, 0));
  EXPECT_THAT(UnitParameters(model, Granularity::kLinear), ElementsAre(6, 35, 143));
}

TEST(UnitParameters, DoesNotOverflowThirtyTwoBits) {
  ModelSummary model;
  model.blocks = 1;
  model.linears = {{"a", 0, 100000, 100000}};
  EXPECT_THAT(UnitParameters(model, Granularity::kBlock), ElementsAre(10000000000));
}

}  // namespace
}  // namespace strata::evaluator

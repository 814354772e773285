#include "cli/shared/measure_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace strata::cli {
namespace {

using evaluator::Measure;
using ::testing::HasSubstr;

TEST(MeasureText, ALossIsShownAsItsPerplexity) {
  const double loss = std::log(457.25);
  EXPECT_EQ(ShownText(loss, Measure::kLoss), "457.25");
  EXPECT_EQ(ShownText(std::log(30.27), Measure::kLoss, 1), "30.3");
  EXPECT_EQ(ShownText(std::nullopt, Measure::kLoss), "-");
  EXPECT_DOUBLE_EQ(ShownJson(loss, Measure::kLoss).get<double>(), 457.25);
  EXPECT_TRUE(ShownJson(std::nullopt, Measure::kLoss).is_null());
  EXPECT_DOUBLE_EQ(ShownRatio(std::log(30.0), std::log(40.0), Measure::kLoss), 0.75);
  EXPECT_EQ(ShownKey("fitness", Measure::kLoss), "fitness_perplexity");
  EXPECT_EQ(NatsKey("fitness", Measure::kLoss), "fitness_nll");
}

TEST(MeasureText, ADivergenceIsNeverShownAsAPerplexity) {
  EXPECT_EQ(ShownText(1.91234, Measure::kKl), "1.9123");
  EXPECT_EQ(ShownText(1.91234, Measure::kKl, 1), "1.9123");
  EXPECT_EQ(ShownText(std::nullopt, Measure::kKl), "-");
  EXPECT_EQ(ShownJson(1.5, Measure::kKl).get<double>(), 1.5);
  EXPECT_DOUBLE_EQ(ShownRatio(1.5, 2.0, Measure::kKl), 0.75);
  EXPECT_EQ(ShownKey("fitness", Measure::kKl), "fitness_kl");
  EXPECT_EQ(NatsKey("fitness", Measure::kKl), "fitness_kl");
  EXPECT_EQ(ShownName(Measure::kKl), "KL divergence");
}

TEST(MeasureText, TheSentenceNamesWhatIsADivergence) {
  EXPECT_EQ(ShownSentence({}), "Perplexities, lower is better.");
  EXPECT_EQ(
      ShownSentence({Measure::kKl, Measure::kLoss}),
      "Perplexities, but the fitness is the KL divergence from the dense model in nats; lower "
      "is better.");
  EXPECT_THAT(ShownSentence({Measure::kLoss, Measure::kKl}), HasSubstr("the selection is the KL"));
  EXPECT_THAT(ShownSentence({Measure::kKl, Measure::kKl}),
              HasSubstr("fitness and selection are KL divergences"));
}

}  // namespace
}  // namespace strata::cli
